package import MatrixCore
package import Postgres

/// Tokens that prove to others who somebody is. They open nothing else.
package struct OpenIDStore: Sendable {
    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Keeps a token until it expires; of others that have, a few go.
    package func issue(_ token: TokenHash, for user: UserNID, expires: Int64, now: Int64) async throws {
        _ = try await pool.query(OpenIDStatements.issue, token.bytes, user.rawValue, expires, now)
    }

    /// Who had the token given; `nil` when nobody had, it has expired, or the account has ended.
    package func owner(of token: TokenHash, now: Int64) async throws -> UserID? {
        guard let row = try await pool.query(OpenIDStatements.owner, token.bytes, now).first else { return nil }
        guard let userID = UserID(try row.get(0, String.self)) else { throw StorageError.corrupt("users.user_id") }
        return userID
    }
}
