package import MatrixCore
package import Postgres

/// Aliases of this server, and the rooms that it publishes.
package struct DirectoryStore: Sendable {
    /// Published rooms that are looked at for one answer.
    package static let maxPublished: Int64 = 10_000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    package func room(named alias: RoomAlias) async throws -> (room: RoomNID, roomID: RoomID, creator: UserNID)? {
        guard var row = try await pool.query(DirectoryStatements.byAlias, alias.description).first else { return nil }
        let room = RoomNID(try row.next(Int64.self))
        guard let roomID = RoomID(try row.next(String.self)) else { throw StorageError.corrupt("rooms.room_id") }
        return (room, roomID, UserNID(try row.next(Int64.self)))
    }

    package func aliases(of room: RoomNID) async throws -> [RoomAlias] {
        try (try await pool.query(DirectoryStatements.ofRoom, room.rawValue)).map { row in
            guard let alias = RoomAlias(try row.get(0, String.self)) else {
                throw StorageError.corrupt("room_aliases.alias")
            }
            return alias
        }
    }

    /// - Returns: whether it was free.
    package func add(_ alias: RoomAlias, of room: RoomNID, by user: UserNID, now: Int64) async throws -> Bool {
        try await pool.execute(DirectoryStatements.add, alias.description, room.rawValue, user.rawValue, now) > 0
    }

    /// - Returns: whether there was one.
    package func remove(_ alias: RoomAlias) async throws -> Bool {
        try await pool.execute(DirectoryStatements.remove, alias.description) > 0
    }

    package func isPublished(_ room: RoomNID) async throws -> Bool {
        !(try await pool.query(DirectoryStatements.isPublished, room.rawValue)).isEmpty
    }

    package func setPublished(_ isPublished: Bool, _ room: RoomNID) async throws {
        _ = try await pool.execute(
            isPublished ? DirectoryStatements.publish : DirectoryStatements.unpublish, room.rawValue)
    }

    /// The published rooms that somebody is in, those with most members first.
    package func published() async throws -> [(room: RoomNID, members: Int)] {
        try (try await pool.query(DirectoryStatements.published, Self.maxPublished)).map { row in
            (RoomNID(try row.get(0, Int64.self)), Int(try row.get(1, Int64.self)))
        }
    }
}
