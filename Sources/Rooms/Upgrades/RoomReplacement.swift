import MatrixCore
import Storage

/// What the room that replaces another one begins with: its state as far as it can be carried over.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room-upgrades
struct RoomReplacement {
    /// State that goes over as it is. Events of other types may mean something only by who sent them.
    static let copiedTypes = [
        EventType.joinRules, EventType.historyVisibility, EventType.guestAccess, EventType.encryption,
        EventType.serverACL, EventType.name, EventType.topic, EventType.avatar,
    ]
    /// What else is read of the old room.
    static let readTypes = [EventType.create, EventType.powerLevels, EventType.canonicalAlias]

    let version: RoomVersion
    let upgrader: UserRecord
    let profile: MemberProfile
    let additionalCreators: [UserID]
    let oldRoom: RoomRecord
    /// The old room's state of the types above, as it is shown, with its links to and from spaces.
    let state: [StateKey: Event]
    /// The member events of those who are banned from the old room.
    let bans: [Event]

    // MARK: The create event

    /// - Parameter tombstone: the event that ends the old room, where it can be known before.
    func createContent(tombstone: EventID?) -> JSONValue {
        var predecessor: [String: JSONValue] = ["room_id": .string(oldRoom.roomID.description)]
        if let tombstone { predecessor["event_id"] = .string(tombstone.description) }
        var content: [String: JSONValue] = ["predecessor": .object(predecessor)]
        let old = state[.create]?.content
        if let type = old?["type"]?.string { content["type"] = .string(type) }
        if old?["m.federate"]?.bool == false { content["m.federate"] = false }
        if version.authorization.hasPrivilegedCreators, !additionalCreators.isEmpty {
            content["additional_creators"] = .array(additionalCreators.map { .string($0.description) })
        }
        return .object(RoomBeginning.createContent(content, version: version, creator: upgrader))
    }

    // MARK: What follows

    /// The events after the create event. They end with the power levels that are to stay, when the upgrader needs more than
    /// their own for the others.
    func drafts(canonicalAlias: JSONValue?) throws -> [EventDraft] {
        var copied = try Self.copiedTypes.compactMap { type in
            try state[StateKey(type)].map { (StateKey(type), try content(of: $0)) }
        }
        for link in links { copied.append((StateKey(link.type, link.stateKey ?? ""), link.content.value())) }
        if let canonicalAlias { copied.append((StateKey(EventType.canonicalAlias), canonicalAlias)) }
        let final = levels.replaced(creators: creators, former: formerCreators)
        let raised = levels.raised(final, for: upgrader.userID, toSet: Set(copied.map(\.0.type)))
        var drafts = [
            try draft(.member(upgrader.userID), .object(profile.content(.join))),
            try draft(.powerLevels, raised ?? final),
        ]
        for (key, content) in copied { drafts.append(try draft(key, content)) }
        drafts += try banDrafts(by: raised ?? final)
        if raised != nil { drafts.append(try draft(.powerLevels, final)) }
        return drafts
    }

    private func draft(_ key: StateKey, _ content: JSONValue) throws -> EventDraft {
        try EventDraft(sender: upgrader, type: key.type, stateKey: key.key, content: content)
    }

    private func content(of event: Event) throws -> JSONValue {
        event.type == EventType.joinRules ? joinRules(event.content.value()) : event.content.value()
    }

    /// Join rules that the version does not have become the nearest ones that let nobody in who could not come in before.
    private func joinRules(_ content: JSONValue) -> JSONValue {
        let rules = version.authorization
        var content = content
        if content["join_rule"]?.string == "knock_restricted", !rules.allowsKnockRestrictedJoins {
            content["join_rule"] = rules.allowsRestrictedJoins ? "restricted" : "knock"
        }
        if content["join_rule"]?.string == "restricted", !rules.allowsRestrictedJoins {
            content["join_rule"] = "invite"
        }
        if content["join_rule"]?.string == "knock", !rules.allowsKnocking { content["join_rule"] = "invite" }
        return content
    }

    /// Children of a space, and the spaces that a room says it is in, in an order that does not change. Links without servers
    /// are links no more.
    private var links: [Event] {
        state.filter { key, event in
            [EventType.spaceChild, EventType.spaceParent].contains(key.type)
                && event.content["via"]?.array?.isEmpty == false
        }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Whom the upgrader may ban; others had the power to prevent it in the old room too.
    private func banDrafts(by levels: JSONValue) throws -> [EventDraft] {
        let creators = Set(creators)
        let usersDefault = levels["users_default"]?.int ?? 0
        func level(_ user: UserID) -> Int64 { levels["users"]?[user.description]?.int ?? usersDefault }
        return try bans.compactMap { ban in
            guard let target = ban.memberUserID, !creators.contains(target),
                version.authorization.hasPrivilegedCreators || level(target) < level(upgrader.userID)
            else { return nil }
            var content: [String: JSONValue] = ["membership": "ban"]
            if let reason = ban.content["reason"]?.string { content["reason"] = .string(reason) }
            return try draft(.member(target), .object(content))
        }
    }

    // MARK: Power

    /// Those who stand above all levels in the new room, if its version has such users.
    private var creators: [UserID] {
        [upgrader.userID] + (version.authorization.hasPrivilegedCreators ? additionalCreators : [])
    }

    /// Those who stood above all levels in the old room.
    private var formerCreators: [UserID] {
        guard let old = RoomVersion(oldRoom.version), old.authorization.hasPrivilegedCreators else { return [] }
        return RoomCreators(create: state[.create], version: old).all
    }

    var levels: UpgradedPowerLevels {
        UpgradedPowerLevels(state[.powerLevels]?.content.value(), version: version, upgrader: upgrader.userID)
    }

    // MARK: Aliases

    /// The canonical aliases of the old room and of the new one, once this server's aliases name the new room; `nil` when
    /// there is none of this server among them.
    func canonicalAliases(of server: ServerName) -> (old: JSONValue, new: JSONValue)? {
        guard let content = state[StateKey(EventType.canonicalAlias)]?.content.value() else { return nil }
        func isOurs(_ alias: JSONValue) -> Bool { alias.string.flatMap { RoomAlias($0) }?.serverName == server }
        var (old, new) = (content, JSONValue.object([:]))
        if let alias = content["alias"], isOurs(alias) {
            new["alias"] = alias
            old["alias"] = nil
        }
        let alternatives = content["alt_aliases"]?.array ?? []
        let moved = alternatives.filter(isOurs)
        if !moved.isEmpty {
            new["alt_aliases"] = .array(moved)
            let left = alternatives.filter { !isOurs($0) }
            old["alt_aliases"] = left.isEmpty ? nil : .array(left)
        }
        return new == .object([:]) ? nil : (old, new)
    }
}
