package import MatrixCore
package import Postgres

/// Aliases of this server, and the rooms that it publishes.
package struct DirectoryStore: Sendable {
    /// Published rooms that are looked at, of this server's own list and of those of all networks.
    package static let maxPublished: Int64 = 10_000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    // MARK: Aliases

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

    /// Gives a room the aliases of another one, and its place on the list.
    package func move(from old: RoomNID, to new: RoomNID) async throws {
        _ = try await pool.query(DirectoryStatements.move, old.rawValue, new.rawValue)
    }

    // MARK: Lists

    package func isPublished(_ room: RoomNID) async throws -> Bool {
        !(try await pool.query(DirectoryStatements.isPublished, room.rawValue)).isEmpty
    }

    /// Those of the rooms that are published.
    package func published(among rooms: [RoomNID]) async throws -> [RoomNID] {
        guard !rooms.isEmpty else { return [] }
        let rows = try await pool.query(DirectoryStatements.publishedAmong, rooms.map(\.rawValue))
        return try rows.column(Int64.self).map { RoomNID($0) }
    }

    package func setPublished(_ isPublished: Bool, _ room: RoomNID) async throws {
        _ = try await pool.execute(
            isPublished ? DirectoryStatements.publish : DirectoryStatements.unpublish, room.rawValue)
    }

    /// Puts a room on the list of a network, or takes off what the same application service has put there.
    package func setShown(_ isShown: Bool, _ room: RoomNID, on network: String, by service: String) async throws {
        _ = try await pool.execute(
            isShown ? DirectoryStatements.show : DirectoryStatements.hide, network, room.rawValue, service)
    }

    /// A room that is on some list.
    package struct Published: Sendable, Hashable {
        package let room: RoomNID
        /// On this server's own list.
        package var isOwn = false
        package var networks: Set<String> = []
    }

    /// All rooms that are on a list.
    package func published() async throws -> [Published] {
        var found: [RoomNID: Published] = [:]
        for row in try await pool.query(DirectoryStatements.published, Self.maxPublished) {
            let (number, network) = try row.decode((Int64, String?).self)
            let room = RoomNID(number)
            if let network {
                found[room, default: Published(room: room)].networks.insert(network)
            } else {
                found[room, default: Published(room: room)].isOwn = true
            }
        }
        return Array(found.values)
    }
}
