import MatrixCore

/// The power levels of a room and of the one that replaces it.
///
/// Levels that older versions let be strings or fractions are made integers, and what is no level at all is left out, since
/// rooms of later versions refuse such events.
struct UpgradedPowerLevels {
    /// No level in an event is higher.
    private static let highest = PowerLevel.infinite.value
    /// Below this ordinary users are when a room is closed.
    private static let moderator: Int64 = 50
    private static let administrator: Int64 = 100

    /// As the old room has them.
    private var content: [String: JSONValue]
    private let version: RoomVersion

    /// - Parameters:
    ///   - content: of the old room's power levels; `nil` when it has none.
    ///   - version: of the new room.
    ///   - upgrader: who is left with power when the old room has no levels.
    init(_ content: JSONValue?, version: RoomVersion, upgrader: UserID) {
        self.version = version
        guard let members = content?.object else {
            self.content = RoomBeginning.powerLevels(
                version: version, users: [upgrader.description: .integer(Self.administrator)], isPublic: false)
            return
        }
        self.content = members
        for level in NamedPowerLevel.allCases {
            self.content[level.rawValue] = members[level.rawValue].flatMap(Self.level).map { .integer($0) }
        }
        for key in ["events", "users", "notifications"] {
            guard let value = members[key] else { continue }
            let levels = (value.object ?? [:]).compactMapValues(Self.level)
            self.content[key] = .object(
                levels.filter { key != "users" || UserID($0.key) != nil }.mapValues { .integer($0) })
        }
    }

    private static func level(_ value: JSONValue) -> Int64? {
        let level: Int64? =
            switch value {
            case .integer(let level): level
            case .float(let level): Int64(exactly: level.rounded(.towardZero))
            case .string(let text): Int64(text.filter { !$0.isWhitespace })
            default: nil
            }
        return level.map { min(max($0, -highest), highest) }
    }

    // MARK: The old room

    /// The old room's levels once ordinary users can neither speak nor invite any more; `nil` when they cannot already.
    var closed: JSONValue? {
        let restricted = max(min(named(.usersDefault), Self.highest - 1) + 1, Self.moderator)
        var closed = content
        for level in [NamedPowerLevel.eventsDefault, .invite] where named(level) < restricted {
            closed[level.rawValue] = .integer(restricted)
        }
        return closed == content ? nil : .object(closed)
    }

    // MARK: The new room

    /// The new room's levels.
    ///
    /// - Parameters:
    ///   - creators: of the new room, the upgrader first.
    ///   - former: creators of the old room who stood above all levels there.
    func replaced(creators: [UserID], former: [UserID]) -> JSONValue {
        var new = content
        var users = content["users"]?.object ?? [:]
        if version.authorization.hasPrivilegedCreators {
            // v12: creators are above all levels, and must not be among them.
            for creator in creators { users[creator.description] = nil }
            new["events"] = .object(eventsWithGuardedTombstone)
        } else {
            // Whoever stood above all levels gets the highest one that anything takes.
            let highest = max(highestRequired, Self.administrator)
            for creator in former { users[creator.description] = .integer(highest) }
        }
        new["users"] = .object(users)
        return .object(new)
    }

    /// The same with the upgrader raised to what writing some state takes, and banning.
    ///
    /// - Returns: `nil` when the upgrader may do that anyway.
    func raised(_ levels: JSONValue, for upgrader: UserID, toSet types: Set<String>) -> JSONValue? {
        guard !version.authorization.hasPrivilegedCreators else { return nil }
        var users = levels["users"]?.object ?? [:]
        let required = types.union([EventType.powerLevels]).map(requiredForState) + [named(.ban)]
        let needed = required.max() ?? 0
        guard (users[upgrader.description]?.int ?? named(.usersDefault)) < needed else { return nil }
        users[upgrader.description] = .integer(needed)
        var raised = levels
        raised["users"] = .object(users)
        return raised
    }

    /// The specification wants ending a room to take more than other state does, where creators stand above all levels.
    private var eventsWithGuardedTombstone: [String: JSONValue] {
        var events = content["events"]?.object ?? [:]
        if requiredForState(EventType.tombstone) <= named(.stateDefault) {
            events[EventType.tombstone] = .integer(max(min(named(.stateDefault), Self.highest - 1) + 1, 150))
        }
        return events
    }

    // MARK: Levels

    /// What an action takes, or users have, where nothing else is said.
    func named(_ level: NamedPowerLevel) -> Int64 {
        if let level = content[level.rawValue]?.int { return level }
        return switch level {
        case .usersDefault, .eventsDefault, .invite: 0
        case .stateDefault, .ban, .redact, .kick: 50
        }
    }

    private func requiredForState(_ type: String) -> Int64 { content["events"]?[type]?.int ?? named(.stateDefault) }

    private var highestRequired: Int64 {
        let events = content["events"]?.object?.values.compactMap(\.int) ?? []
        return (events + NamedPowerLevel.allCases.map(named)).max() ?? 0
    }
}
