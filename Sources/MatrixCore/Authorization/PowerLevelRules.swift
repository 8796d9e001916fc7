/// Rule 10 (9 in v6-v11): changes of the power levels.
///
/// - Spec: https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules
struct PowerLevelRules<State: AuthState> {
    let version: RoomVersion
    let event: Event
    let state: State
    let senderLevel: PowerLevel

    private var content: JSONView { event.content }
    private var reader: PowerLevelReader { PowerLevelReader(version: version) }

    func check() -> AuthVerdict {
        if version.authorization.requiresIntegerPowerLevels, let refusal = checkNumbers(of: content) { return refusal }
        if let refusal = checkForm(of: content["users"]) { return refusal }
        // Rule 10.5 (10.2 in v1-v5, 9.2 in v6-v9, 9.4 in v10-v11).
        guard let current = state.event(.powerLevels)?.content else { return .allowed }
        // v1-v9: the rules do not say how to compare what is no number. No server could go on here.
        if !version.authorization.requiresIntegerPowerLevels,
            let refusal = checkNumbers(of: current) ?? checkNumbers(of: content)
        {
            return refusal
        }
        if let refusal = checkNamedLevels(current) { return refusal }
        // Rules 10.7 and 10.8 (10.4 and 10.5 in v1-v5, 9.4 and 9.5 in v6-v9, 9.6 and 9.7 in v10-v11).
        if let refusal = checkEntries(of: "events", current) { return refusal }
        // `notifications` from v6.
        if version.authorization.checksNotificationLevels,
            let refusal = checkEntries(of: "notifications", current)
        {
            return refusal
        }
        return checkUsers(current) ?? .allowed
    }

    // MARK: Form

    private func checkNumbers(of content: JSONView) -> AuthVerdict? {
        // Rule 10.1 (v12; 9.1 in v10-v11).
        for level in NamedPowerLevel.allCases {
            guard content[level.rawValue].map({ reader.level($0) != nil }) ?? true else {
                return .malformed("10.1", "a power level is not an integer")
            }
        }
        // Rule 10.2 (v12; 9.2 in v10-v11).
        for key in ["events", "notifications"] where key == "events" || version.authorization.checksNotificationLevels {
            guard let levels = content[key] else { continue }
            guard let entries = levels.object, entries.allSatisfy({ reader.level($0.value) != nil }) else {
                return .malformed("10.2", "\(key) is not an object of integers")
            }
        }
        return nil
    }

    private func checkForm(of users: JSONView?) -> AuthVerdict? {
        guard let users else { return nil }
        // Rule 10.3 (v12; 10.1 in v1-v5, 9.1 in v6-v9, 9.3 in v10-v11).
        guard let entries = users.object else { return .malformed("10.3", "users is not an object") }
        // Both lists may be as long as an event can be.
        let creators =
            version.authorization.hasPrivilegedCreators
            ? Set(RoomCreators(create: state.createEvent, version: version).all) : []
        for (key, value) in entries {
            guard let user = UserID(key), reader.level(value) != nil else {
                return .malformed("10.3", "users is not an object from user ids to power levels")
            }
            // Rule 10.4 (v12).
            guard !creators.contains(user) else {
                return .refused("10.4", "a creator has a power level")
            }
        }
        return nil
    }

    // MARK: Changes

    /// Rule 10.6 (10.3 in v1-v5, 9.3 in v6-v9, 9.5 in v10-v11).
    private func checkNamedLevels(_ current: JSONView) -> AuthVerdict? {
        for level in NamedPowerLevel.allCases {
            let old = reader.level(current[level.rawValue])
            let new = reader.level(content[level.rawValue])
            if old == new { continue }
            // Rule 10.6.1.
            if exceeds(old) { return .refused("10.6.1", "\(level.rawValue) is above the sender's power level") }
            // Rule 10.6.2.
            if exceeds(new) { return .refused("10.6.2", "\(level.rawValue) would be above the sender's power level") }
        }
        return nil
    }

    private func checkEntries(of key: String, _ current: JSONView) -> AuthVerdict? {
        let changes = changes(of: key, current)
        // Rule 10.7.1.
        if changes.contains(where: { exceeds($0.old) }) {
            return .refused("10.7.1", "a level in \(key) is above the sender's power level")
        }
        // Rule 10.8.1.
        if changes.contains(where: { exceeds($0.new) }) {
            return .refused("10.8.1", "a level in \(key) would be above the sender's power level")
        }
        return nil
    }

    /// Rules 10.9 and 10.10 (10.6 and 10.7 in v1-v5, 9.6 and 9.7 in v6-v9, 9.8 and 9.9 in v10-v11).
    private func checkUsers(_ current: JSONView) -> AuthVerdict? {
        let changes = changes(of: "users", current)
        // Rule 10.9.1.
        for change in changes where !change.key.utf8.elementsEqual(event.sender.description.utf8) {
            guard let old = change.old, PowerLevel.finite(old) >= senderLevel else { continue }
            return .refused("10.9.1", "another user's power level is not below the sender's")
        }
        // Rule 10.10.1.
        if changes.contains(where: { exceeds($0.new) }) {
            return .refused("10.10.1", "a user's power level would be above the sender's")
        }
        return nil
    }

    private func exceeds(_ level: Int64?) -> Bool {
        level.map { PowerLevel.finite($0) > senderLevel } ?? false
    }

    private struct Change {
        let key: String
        let old: Int64?
        let new: Int64?
    }

    /// The entries of an object that were added, changed or removed, in no order: each rule looks at all of them before the
    /// next one does. Cost: proportional to the number of entries.
    private func changes(of key: String, _ current: JSONView) -> [Change] {
        var found: [Change] = []
        var old = levels(in: current[key])
        for (entry, new) in levels(in: content[key]) {
            let before = old.removeValue(forKey: entry)
            if before != new { found.append(Change(key: entry.text, old: before, new: new)) }
        }
        for (entry, before) in old { found.append(Change(key: entry.text, old: before, new: nil)) }
        return found
    }

    /// A key by its bytes: equality of `String` would take different keys for one.
    private struct Key: Hashable {
        let text: String

        static func == (left: Key, right: Key) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
        func hash(into hasher: inout Hasher) { for byte in text.utf8 { hasher.combine(byte) } }
    }

    private func levels(in entries: JSONView?) -> [Key: Int64] {
        var levels: [Key: Int64] = [:]
        guard let entries = entries?.object else { return levels }
        for (key, value) in entries { levels[Key(text: key)] = reader.level(value) }
        return levels
    }
}
