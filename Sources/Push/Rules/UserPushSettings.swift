import MatrixCore
import Storage

/// What decides whether an event notifies a user, apart from the event.
struct UserPushSettings: Sendable {
    /// `nil` when the default rules apply as they are.
    let ruleset: PushRuleset?
    /// Whether a rule asks for the user's display name in the room.
    let asksForDisplayName: Bool
    let ignored: Set<UserID>

    static let plain = UserPushSettings(ruleset: nil, asksForDisplayName: false, ignored: [])

    private init(ruleset: PushRuleset?, asksForDisplayName: Bool, ignored: Set<UserID>) {
        self.ruleset = ruleset
        self.asksForDisplayName = asksForDisplayName
        self.ignored = ignored
    }

    init(changes: PushRuleChanges, of user: UserID, ignored: Set<UserID>) {
        let ruleset = changes.isEmpty ? nil : changes.ruleset(for: user)
        self.ruleset = ruleset
        self.ignored = ignored
        asksForDisplayName = PushRuleKind.allCases.contains { kind in
            ruleset?[kind].contains { $0.isEnabled && $0.conditions.contains(.containsDisplayName) } ?? false
        }
    }
}

extension PushRuleChanges {
    /// - Throws: `StorageError` when the bytes are no JSON.
    init(stored: [UInt8]) throws {
        guard let json = try? JSONValue(parsing: stored) else { throw StorageError.corrupt("push_rules.rules") }
        self.init(json: json)
    }
}
