package import MatrixCore
package import Postgres

/// Which connection of sliding sync: a device may have several.
package struct SlidingConnection: Hashable, Sendable {
    package let user: UserNID
    /// Empty for callers without a device.
    package let deviceID: String
    /// `conn_id`, empty when the client names none.
    package let name: String

    package init(user: UserNID, deviceID: String, name: String) {
        self.user = user
        self.deviceID = deviceID
        self.name = name
    }
}

/// What connections of sliding sync have been told, as bytes. What is stored under a number never changes.
package struct SlidingStateStore: Sendable {
    /// Connections of a device; one more lets the longest unused go.
    package static let maxConnections: Int64 = 16
    /// States of a connection besides the one that the client has confirmed: answers that may have been lost.
    package static let maxUnconfirmed: Int64 = 3
    /// Expired states of anybody that are removed when a connection is made, so that no more come than go.
    package static let maxRemovedAtOnce: Int64 = 20

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// - Returns: the state and when it was written, in milliseconds since 1970; `nil` when it is not this connection's, or
    ///   is gone.
    package func state(
        _ number: Int64, of connection: SlidingConnection
    ) async throws -> (bytes: [UInt8], writtenAt: Int64)? {
        let rows = try await pool.query(
            SlidingStateStatements.one, connection.user.rawValue, connection.deviceID, connection.name, number)
        return try rows.first?.decode(([UInt8], Int64).self)
    }

    /// Stores a state and gives it a number.
    ///
    /// - Parameters:
    ///   - base: the state that the client came with; 0 for none. What is older is removed.
    ///   - oldest: what was written before, of any connection, is expired.
    package func keep(
        _ state: [UInt8], of connection: SlidingConnection, after base: Int64, oldest: Int64, now: Int64
    ) async throws -> Int64 {
        let rows = try await pool.query(
            SlidingStateStatements.keep, connection.user.rawValue, connection.deviceID, connection.name, base, state,
            now,
            oldest, Self.maxConnections, Self.maxUnconfirmed, Self.maxRemovedAtOnce)
        guard let row = rows.first else { throw StorageError.missing("keep_sliding_state") }
        return try row.get(0, Int64.self)
    }
}
