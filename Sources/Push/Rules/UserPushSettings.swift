import MatrixCore
import Storage

/// What decides whether an event notifies a user, apart from the event.
struct UserPushSettings: Sendable {
    /// Shared by all users with equal rules; `nil` when the default rules apply as they are.
    let ruleset: PushRuleset?
    let ignored: Set<UserID>

    static let plain = UserPushSettings(ruleset: nil, ignored: [])

    var isPlain: Bool { ruleset == nil && ignored.isEmpty }
}

extension PushRuleChanges {
    /// - Throws: `StorageError` when the bytes are no JSON.
    init(stored: [UInt8]) throws {
        guard let json = try? JSONValue(parsing: stored) else { throw StorageError.corrupt("push_rules.rules") }
        self.init(json: json)
    }
}
