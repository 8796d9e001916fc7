package import Cluster
package import MatrixCore
package import Storage
package import Telemetry

/// Push rules as their users read and change them.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#push-rules
package struct PushRules: Sendable {
    /// How often a change is tried again because another one was faster.
    private static let maxAttempts = 8
    /// What the changes of one user may take, as they are stored.
    package static let maxStoredBytes = 1 << 20

    private let store: PushRuleStore
    private let interning: Interning
    private let feed: LogFeed
    private let clock: any Clock

    package init(store: PushRuleStore, interning: Interning, feed: LogFeed, telemetry: Telemetry) {
        self.store = store
        self.interning = interning
        self.feed = feed
        clock = telemetry.clock
    }

    /// The rules that apply to a user.
    package func ruleset(of user: UserNID) async throws -> PushRuleset {
        let record = try await interning.user(user)
        return try await read(user).changes.ruleset(for: record.userID)
    }

    /// The content of `m.push_rules`.
    package func content(of user: UserNID) async throws -> [UInt8] { try await ruleset(of: user).content }

    /// Changes a user's rules. `edit` may run several times, each time on the rules as they are then.
    ///
    /// - Throws: `PushRuleError`; `MatrixError` when the rules became too large.
    package func change(
        of user: UserNID, _ edit: (inout PushRuleChanges, PushRuleset) throws(PushRuleError) -> Void
    ) async throws {
        let record = try await interning.user(user)
        for _ in 0..<Self.maxAttempts {
            let (before, revision) = try await read(user)
            var after = before
            try edit(&after, before.ruleset(for: record.userID))
            guard after != before else { return }
            let json = after.json.canonicalBytes
            guard json.count <= Self.maxStoredBytes else { throw PushRuleError.tooManyRules }
            let written = try await store.set(json, of: record, expected: revision, now: clock.nowMilliseconds)
            if let written {
                feed.announce(.pushRules, at: written, user: user)
                return
            }
        }
        throw MatrixError.limitExceeded(retryAfter: .seconds(1))
    }

    private func read(_ user: UserNID) async throws -> (changes: PushRuleChanges, revision: Int64) {
        guard let stored = try await store.rules(of: [user])[user] else { return (PushRuleChanges(), 0) }
        return (try PushRuleChanges(stored: stored.json), stored.revision)
    }
}

extension PushRuleError: MatrixErrorRepresentable {
    package var matrixError: MatrixError {
        switch self {
        case .notFound: .notFound("No such push rule")
        case .invalidID: .invalidParam("The rule's id is not valid")
        case .invalidActions: .invalidParam("The actions are not valid")
        case .invalidConditions: .invalidParam("The conditions are not valid")
        case .invalidPattern: .invalidParam("The pattern is not valid")
        case .unknownNeighbour: MatrixError(.unknown, "The rule named by before or after does not exist", status: 400)
        case .tooManyRules: .invalidParam("There are too many push rules")
        }
    }
}
