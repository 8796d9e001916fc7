package import MatrixCore
package import Postgres

/// What users changed about the default push rules.
package struct PushRuleStore: Sendable {
    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// The changes of users, as JSON, with the revision that a change of them must name. Users without changes are left out.
    package func rules(of users: [UserNID]) async throws -> [UserNID: (json: [UInt8], revision: Int64)] {
        guard !users.isEmpty else { return [:] }
        var found: [UserNID: (json: [UInt8], revision: Int64)] = [:]
        for row in try await pool.query(PushStatements.rules, users.map(\.rawValue)) {
            let (user, json, revision) = try row.decode((Int64, [UInt8], Int64).self)
            found[UserNID(user)] = (json, revision)
        }
        return found
    }

    /// Replaces a user's changes, together with a row of the log.
    ///
    /// - Parameter expected: the revision that was read; 0 when there was none.
    /// - Returns: `nil` when somebody else was faster: then nothing was written.
    package func set(
        _ json: [UInt8], of user: UserRecord, expected: Int64, now: Int64
    ) async throws -> LogPosition? {
        let rows = try await pool.query(
            PushStatements.setRules, user.shard, user.nid.rawValue, json, expected, now)
        guard var row = rows.first else { throw StorageError.missing("set_push_rules") }
        guard try row.next(Int16.self) == 0 else { return nil }
        return try LogPosition(optional: &row, shard: user.shard)
    }
}
