import MatrixCore
import Synchronization

/// One value for all users who changed the default rules in the same way: many have only switched something off, and what
/// a set of rules says about an event is worked out once for each value.
final class SharedRulesets: Sendable {
    private static let maxKept = 4096

    /// By the hash of the changes as they are stored.
    private let kept = Mutex<[[UInt8]: PushRuleset?]>([:])

    /// The rules with some changes; `nil` when there are none.
    ///
    /// - Throws: `StorageError` when the bytes are no JSON.
    func ruleset(stored: [UInt8]) throws -> PushRuleset? {
        let hash = BLAKE2b.hash128(stored)
        if let known = kept.withLock({ $0[hash] }) { return known }
        let changes = try PushRuleChanges(stored: stored)
        let ruleset = changes.isEmpty ? nil : changes.ruleset()
        return kept.withLock { kept in
            // Whoever was faster has made the one that others have already.
            if let known = kept[hash] { return known }
            if kept.count >= Self.maxKept { kept = [:] }
            kept[hash] = .some(ruleset)
            return ruleset
        }
    }
}
