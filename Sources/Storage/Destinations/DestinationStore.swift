package import MatrixCore
package import Postgres

/// Other servers as destinations. What a slot of the sending duty writes is refused once the slot has changed hands.
package struct DestinationStore: Sendable {
    /// Records read at most in one query.
    package static let pageSize: Int64 = 1000
    /// Rooms in which a server missed something, read at most in one query.
    package static let maxMissedRooms: Int64 = 1000
    /// Servers that were heard from, read at most in one query.
    private static let maxRevived: Int64 = 1000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    // MARK: Records

    /// Records of servers whose names come after `name`, in the order of the names; fewer than `pageSize` at the end.
    package func records(after name: String) async throws -> [DestinationRecord] {
        try Self.decode(try await pool.query(DestinationStatements.page, name, Self.pageSize))
    }

    /// `nil` when the server is up to date.
    package func record(of server: ServerName) async throws -> DestinationRecord? {
        try Self.decode(try await pool.query(DestinationStatements.byName, server.description)).first
    }

    /// - Returns: false when the slot has changed hands: then nothing was written.
    package func keep(_ record: DestinationRecord, for fence: SlotFence) async throws -> Bool {
        try await pool.execute(
            DestinationStatements.keep, fence.duty, fence.slot, fence.epoch, record.serverName.description,
            record.behindSince.positions, record.trouble?.failingSince, record.trouble?.retryAt,
            record.trouble?.retryInterval) > 0
    }

    /// The server is up to date.
    ///
    /// - Returns: false when the slot has changed hands: then nothing was written.
    package func remove(_ server: ServerName, for fence: SlotFence) async throws -> Bool {
        let rows = try await pool.query(
            DestinationStatements.remove, fence.duty, fence.slot, fence.epoch, server.description)
        return rows.first != nil
    }

    /// The server has sent us something, so it may be tried again.
    ///
    /// - Returns: whether it was not to be tried yet.
    package func noteHeard(from server: ServerName, now: Int64) async throws -> Bool {
        try await pool.execute(DestinationStatements.heard, server.description, now) > 0
    }

    /// Servers that were heard from and have not been tried since; the newest, if there are very many.
    package func revived() async throws -> [ServerName] {
        try (try await pool.query(DestinationStatements.revived, Self.maxRevived)).map { row in
            var row = row
            return try Self.serverName(try row.next(String.self))
        }
    }

    private static func decode(_ rows: PostgresRows) throws -> [DestinationRecord] {
        try rows.map { row in
            let (name, since, failing, retry, interval) = try row.decode(
                (String, [Int64]?, Int64?, Int64?, Int64?).self)
            let trouble = failing.map { failing in
                DestinationTrouble(failingSince: failing, retryAt: retry ?? failing, retryInterval: interval ?? 0)
            }
            return DestinationRecord(
                serverName: try serverName(name), behindSince: LogVector(since ?? []), trouble: trouble)
        }
    }

    private static func serverName(_ text: String) throws -> ServerName {
        guard let name = ServerName(text) else { throw StorageError.corrupt("destinations.server_name") }
        return name
    }

    // MARK: Who is in a room

    /// The servers with members in the room, without one of them.
    ///
    /// Cost: a walk over the room's members.
    package func joinedServers(of room: RoomNID, except own: ServerNID) async throws -> [JoinedServer] {
        try Self.decodeServers(try await pool.query(DestinationStatements.joinedServers, room.rawValue, own.rawValue))
    }

    /// Those of some servers that have members in the room.
    package func joinedServers(of room: RoomNID, among servers: [ServerNID]) async throws -> [JoinedServer] {
        guard !servers.isEmpty else { return [] }
        return try Self.decodeServers(
            try await pool.query(DestinationStatements.someJoinedServers, room.rawValue, servers.map(\.rawValue)))
    }

    private static func decodeServers(_ rows: PostgresRows) throws -> [JoinedServer] {
        try rows.map { row in
            let (name, nid, witness, since) = try row.decode((String, Int64, Int64, Int64).self)
            guard let name = ServerName(name) else { throw StorageError.corrupt("servers.server_name") }
            return JoinedServer(name: name, nid: ServerNID(nid), witness: UserNID(witness), since: since)
        }
    }

    /// Members of the room on a server, those first whose membership has been as it is for longest.
    package func earliestMembers(of room: RoomNID, on server: ServerNID, limit: Int) async throws -> [UserID] {
        let rows = try await pool.query(
            DestinationStatements.earliestMembers, room.rawValue, server.rawValue, Int64(limit))
        return try rows.map { row in
            var row = row
            guard let userID = UserID(try row.next(String.self)) else { throw StorageError.corrupt("users.user_id") }
            return userID
        }
    }

    // MARK: What a server missed

    /// Rooms with members of the server in which something happened between two vectors, by shard, after a room; at most
    /// `maxMissedRooms`.
    package func missedRooms(
        of server: ServerNID, since: LogVector, upTo: LogVector, after room: MissedRoom?
    ) async throws -> [MissedRoom] {
        let rows = try await pool.query(
            DestinationStatements.missedRooms, server.rawValue, since.positions, upTo.positions, room?.shard ?? -1,
            room?.roomNID.rawValue ?? 0, Self.maxMissedRooms)
        return try rows.map { row in
            let (room, shard) = try row.decode((Int64, Int16).self)
            return MissedRoom(roomNID: RoomNID(room), shard: shard, departure: nil)
        }
    }

    /// Rooms that the server's last member left or was put out of between two vectors, oldest first; at most
    /// `maxMissedRooms`.
    package func departures(of server: ServerNID, since: LogVector, upTo: LogVector) async throws -> [MissedRoom] {
        let rows = try await pool.query(
            DestinationStatements.departures, server.rawValue, since.positions, upTo.positions, Self.maxMissedRooms)
        return try rows.map { row in
            let (room, shard, event) = try row.decode((Int64, Int16, Int64).self)
            return MissedRoom(roomNID: RoomNID(room), shard: shard, departure: EventNID(event))
        }
    }

    /// The newest events of a room with `after < position <= upTo` that this server has to send, newest first.
    ///
    /// - Parameter examined: how many events are looked at; older ones are passed over.
    package func missedEvents(
        in room: RoomNID, after: Int64, upTo: Int64, own: ServerNID, limit: Int, examined: Int
    ) async throws -> [EventNID] {
        let rows = try await pool.query(
            DestinationStatements.missedEvents, room.rawValue, after, upTo, own.rawValue, Int64(examined), Int64(limit))
        return try rows.map { row in
            var row = row
            return EventNID(try row.next(Int64.self))
        }
    }

    /// The newest of the public receipts of local users that moved between two vectors in rooms that the server is in.
    package func missedReceipts(
        of server: ServerNID, since: LogVector, upTo: LogVector, own: ServerNID, limit: Int
    ) async throws -> [MissedReceipt] {
        let rows = try await pool.query(
            DestinationStatements.missedReceipts, server.rawValue, since.positions, upTo.positions, own.rawValue,
            Int64(limit))
        return try rows.map { row in
            let (room, user, thread, event, sentAt) = try row.decode((String, String, String, String, Int64).self)
            guard let roomID = RoomID(room), let userID = UserID(user), let eventID = EventID(event) else {
                throw StorageError.corrupt("receipts")
            }
            return MissedReceipt(
                roomID: roomID, userID: userID, thread: try ReceiptThread(stored: thread), eventID: eventID,
                sentAt: sentAt)
        }
    }
}

/// Up to where a local user read while a server was out of reach.
package struct MissedReceipt: Sendable {
    package let roomID: RoomID
    package let userID: UserID
    package let thread: ReceiptThread
    package let eventID: EventID
    /// Milliseconds since 1970.
    package let sentAt: Int64
}
