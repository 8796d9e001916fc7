package import MatrixCore
package import Postgres

/// Filters that clients have uploaded. A filter never changes, and equal ones of a user are one.
package struct FilterStore: Sendable {
    /// Filters that a user may have.
    package static let maxFiltersPerUser: Int64 = 1000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// The filter's number, given now if the user had none like it.
    ///
    /// - Parameter definition: canonical JSON, so that equal filters have equal bytes.
    /// - Returns: `nil` when the user has as many filters as there may be.
    package func define(_ definition: [UInt8], for user: UserNID) async throws -> Int64? {
        let rows = try await pool.query(
            FilterStatements.define, user.rawValue, definition, BLAKE2b.hash256(definition), Self.maxFiltersPerUser)
        return try rows.first?.get(0, Int64?.self)
    }

    package func filter(_ number: Int64, of user: UserNID) async throws -> [UInt8]? {
        try (try await pool.query(FilterStatements.one, user.rawValue, number)).first?.get(0, [UInt8].self)
    }
}
