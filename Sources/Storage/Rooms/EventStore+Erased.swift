package import MatrixCore
import Postgres

extension EventStore {
    /// Those of some users whose accounts were erased.
    package func erased(among users: Set<UserNID>) async throws -> Set<UserNID> {
        guard !users.isEmpty else { return [] }
        let rows = try await pool.query(EventStatements.erasedSenders, users.map(\.rawValue))
        return Set(try rows.map { UserNID(try $0.get(0, Int64.self)) })
    }
}
