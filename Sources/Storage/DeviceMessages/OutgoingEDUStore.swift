package import MatrixCore
package import Postgres

/// An EDU that another server has to get.
package struct StoredEDU: Sendable, Hashable {
    package let number: Int64
    /// All of it, as JSON.
    package let bytes: [UInt8]
}

/// EDUs that wait for other servers, until they have been delivered.
///
/// A server that is out of reach does not make the table grow without end: what is older than `maxAgeMilliseconds`, and what is
/// more than `maxPerServer`, is dropped, oldest first.
package struct OutgoingEDUStore: Sendable {
    /// For how long an EDU is kept for a server that cannot be reached: 30 days.
    package static let maxAgeMilliseconds: Int64 = 30 * 24 * 3_600_000
    /// EDUs that are kept for a server.
    package static let maxPerServer: Int64 = 100_000
    /// EDUs that are read at once.
    package static let pageSize: Int64 = 100

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// What rows of the log are about, by row and server, in order; without what was delivered.
    package func edus(
        of rows: [LogPlace]
    ) async throws -> [LogPlace: [(server: ServerName, edu: StoredEDU)]] {
        guard !rows.isEmpty else { return [:] }
        let found = try await pool.query(OutgoingEDUStatements.ofRows, rows.map(\.shard), rows.map(\.position))
        var edus: [LogPlace: [(server: ServerName, edu: StoredEDU)]] = [:]
        for row in found {
            let (shard, position, name, number, bytes) = try row.decode((Int16, Int64, String, Int64, [UInt8]).self)
            guard let server = ServerName(name) else { throw StorageError.corrupt("outgoing_edus.server_name") }
            edus[LogPlace(shard: shard, position: position), default: []].append(
                (server, StoredEDU(number: number, bytes: bytes)))
        }
        return edus
    }

    /// The servers for which something of rows up to a vector waits.
    ///
    /// - Cost: a look at all that waits.
    package func servers(upTo: LogVector) async throws -> [ServerName] {
        try (try await pool.query(OutgoingEDUStatements.servers, upTo.positions)).map { row in
            var row = row
            guard let server = ServerName(try row.next(String.self)) else {
                throw StorageError.corrupt("outgoing_edus.server_name")
            }
            return server
        }
    }

    /// What waits for a server after a number, of rows up to a vector, in order; at most `pageSize`.
    package func edus(for server: ServerName, after number: Int64, upTo: LogVector) async throws -> [StoredEDU] {
        let rows = try await pool.query(
            OutgoingEDUStatements.missed, server.description, number, upTo.positions, Self.pageSize)
        return try rows.map { row in
            let (number, bytes) = try row.decode((Int64, [UInt8]).self)
            return StoredEDU(number: number, bytes: bytes)
        }
    }

    /// A server has got some: they are deleted.
    package func delete(_ numbers: [Int64], for server: ServerName) async throws {
        guard !numbers.isEmpty else { return }
        try await pool.execute(OutgoingEDUStatements.delivered, server.description, numbers)
    }

    // MARK: Upkeep

    /// Drops what is too old, of a shard, in one step.
    ///
    /// - Returns: how many.
    package func dropExpired(of shard: Int16, now: Int64) async throws -> Int64 {
        Int64(
            try await pool.execute(
                OutgoingEDUStatements.expired, shard, now - Self.maxAgeMilliseconds, DeviceMessageStore.maxPurged))
    }

    /// Drops what is more than `maxPerServer`, in one step.
    ///
    /// - Returns: how many.
    package func dropExcess() async throws -> Int64 {
        Int64(
            try await pool.execute(OutgoingEDUStatements.excess, Self.maxPerServer, DeviceMessageStore.maxPurged))
    }
}
