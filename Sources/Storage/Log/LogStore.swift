package import MatrixCore
package import Postgres

/// What an installation is, fixed when its database was made.
package struct Installation: Sendable {
    package let serverName: ServerName
    package let shardCount: Int16
    /// The database's incarnation, shortened: it stands in every sync token.
    package let incarnation: UInt32

    package init(serverName: ServerName, shardCount: Int16, incarnation: UInt32) {
        self.serverName = serverName
        self.shardCount = shardCount
        self.incarnation = incarnation
    }

    /// The shard of a room or user, for ever.
    package func shard(of id: String) -> Int16 { Self.shard(of: id, among: shardCount) }

    /// FNV-1a of the id.
    static func shard(of id: String, among count: Int16) -> Int16 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return Int16(hash % UInt64(count))
    }
}

/// The log as its followers read it.
package struct LogStore: Sendable {
    /// Rows read at most in one query.
    package static let maxRows = 1000
    /// Rows of each shard when several are read in one query.
    package static let maxRowsOfEach = 100

    /// Events of a room that are looked at for one of a wanted type.
    static let maxBumpDistance = 500

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    package func installation() async throws -> Installation? {
        guard var row = try await pool.query(LogStatements.installation).first else { return nil }
        let incarnation = try row.next(String.self)
        guard let short = UInt32(incarnation.prefix(8), radix: 16) else { throw StorageError.corrupt("incarnation") }
        let shards = try row.next(Int16.self)
        guard let name = ServerName(try row.next(String.self)) else { throw StorageError.corrupt("server_name") }
        return Installation(serverName: name, shardCount: shards, incarnation: short)
    }

    /// The newest position of each shard.
    ///
    /// Cost: one look at the end of an index for each shard.
    package func heads(shards: Int16) async throws -> LogVector {
        var heads = LogVector.zero(shards: Int(shards))
        for var row in try await pool.query(LogStatements.heads, Int32(shards)) {
            heads[Int16(try row.next(Int32.self))] = try row.next(Int64.self)
        }
        return heads
    }

    /// The rows of a shard after a position, oldest first, at most `maxRows`.
    package func rows(of shard: Int16, after position: Int64) async throws -> [LogRow] {
        try (try await pool.query(LogStatements.rowsAfter, shard, position)).map(Self.row)
    }

    /// The rows of some shards after a position of each, in the order of each shard, at most `maxRowsOfEach` of a shard.
    package func rows(after positions: [(shard: Int16, position: Int64)]) async throws -> [LogRow] {
        let rows = try await pool.query(
            LogStatements.rowsAfterEach, positions.map(\.shard), positions.map(\.position))
        return try rows.map(Self.row)
    }

    private static func row(_ row: PostgresRow) throws -> LogRow {
        var row = row
        let shard = try row.next(Int16.self)
        let position = try row.next(Int64.self)
        let kind = LogKind(rawValue: try row.next(Int16.self)) ?? .other
        return LogRow(
            shard: shard, position: position, kind: kind, roomNID: try row.next(Int64?.self).map { RoomNID($0) },
            userNID: try row.next(Int64?.self).map { UserNID($0) },
            eventNIDs: (try row.next([Int64]?.self) ?? []).map { EventNID($0) },
            memberNIDs: (try row.next([Int64]?.self) ?? []).map { UserNID($0) },
            redacted: (try row.next([String]?.self) ?? []).compactMap { EventID($0) },
            state: try Self.stateChange(&row, kind), writtenAt: try row.next(Int64.self))
    }

    private static func stateChange(_ row: inout PostgresRow, _ kind: LogKind) throws -> LogStateChange? {
        let after = try row.next([UInt8]?.self)
        let before = try row.next([UInt8]?.self)
        guard kind == .roomEvents, let after else { return nil }
        // One that cannot be read is the trouble of whoever wants that room's state; it must not end the following of all.
        guard let after = try? RoomStore.stateRoot(after),
            let before = before == nil ? .empty : try? before.map(RoomStore.stateRoot)
        else { return nil }
        return LogStateChange(before: before, after: after)
    }

    /// The states of rooms at two positions of their shards: `empty` before a room's first events.
    ///
    /// Cost: one query for all; the rows of a room after the position are walked.
    package func states(
        of rooms: [(room: RoomNID, since: Int64, head: Int64)]
    ) async throws -> [RoomNID: LogStateChange] {
        guard !rooms.isEmpty else { return [:] }
        let spans = rooms.map { LogSpan(room: $0.room, since: $0.since, head: $0.head) }
        return Dictionary(
            try await states(of: Set(spans)).map { ($0.key.room, $0.value) }, uniquingKeysWith: { one, _ in one })
    }

    /// The same for several stretches, of which some may be of one room.
    package func states(of spans: Set<LogSpan>) async throws -> [LogSpan: LogStateChange] {
        let spans = Array(spans)
        var states: [LogSpan: LogStateChange] = [:]
        let rows = try await pool.query(
            LogStatements.roots, spans.map(\.room.rawValue), spans.map(\.since), spans.map(\.head))
        for row in rows {
            let (number, before, after) = try row.decode((Int64, [UInt8]?, [UInt8]?).self)
            guard spans.indices.contains(Int(number) - 1) else { throw StorageError.corrupt("log.roots") }
            states[spans[Int(number) - 1]] = LogStateChange(
                before: try before.map(RoomStore.stateRoot) ?? .empty,
                after: try after.map(RoomStore.stateRoot) ?? .empty)
        }
        return states
    }

    /// Which of the rooms have new events or receipts after a position of their shard: for syncs from before the window.
    ///
    /// Cost: two index look-ups a room, one query for all.
    package func changes(
        in rooms: [(room: RoomNID, since: Int64)]
    ) async throws -> [(room: RoomNID, events: Bool, receipts: Bool)] {
        guard !rooms.isEmpty else { return [] }
        let rows = try await pool.query(LogStatements.changedRooms, rooms.map(\.room.rawValue), rooms.map(\.since))
        return try rows.map { row in
            var row = row
            return (RoomNID(try row.next(Int64.self)), try row.next(Bool.self), try row.next(Bool.self))
        }
    }

    /// The newest activity of rooms; rooms of which nothing was ever written are left out.
    ///
    /// Cost: one query for all.
    package func newest(of rooms: [RoomNID]) async throws -> [RoomNID: RoomActivity] {
        guard !rooms.isEmpty else { return [:] }
        var found: [RoomNID: RoomActivity] = [:]
        found.reserveCapacity(rooms.count)
        for row in try await pool.query(LogStatements.newestOfRooms, rooms.map(\.rawValue)) {
            let (room, position, time, root) = try row.decode((Int64, Int64, Int64, [UInt8]).self)
            found[RoomNID(room)] = RoomActivity(
                position: position, writtenAt: time, state: try RoomStore.stateRoot(root))
        }
        return found
    }

    /// When the newest events of some types were written, in milliseconds since 1970, of events up to a position of each
    /// room's shard. Rooms without such an event near the end are left out.
    ///
    /// Cost: one query for all; mostly one event is looked at for each room.
    package func newestTimes(
        of types: [String], in rooms: [(room: RoomRecord, head: Int64)]
    ) async throws -> [RoomNID: Int64] {
        guard !rooms.isEmpty else { return [:] }
        var found: [RoomNID: Int64] = [:]
        let rows = try await pool.query(
            LogStatements.bumps, rooms.map(\.room.nid.rawValue), rooms.map(\.room.shard), rooms.map(\.head), types)
        for row in rows {
            let (room, _, time) = try row.decode((Int64, Int64, Int64).self)
            found[RoomNID(room)] = time
        }
        return found
    }

    /// Writes a row that only says that something of this kind changed.
    package func append(
        _ kind: LogKind, shard: Int16, room: RoomNID? = nil, user: UserNID? = nil, now: Int64
    ) async throws -> LogPosition {
        try LogPosition(
            first: try await pool.query(
                LogStatements.append, shard, kind.rawValue, room?.rawValue, user?.rawValue, now),
            shard: shard)
    }
}

/// A stretch of the log in which a room is looked at.
package struct LogSpan: Sendable, Hashable {
    package let room: RoomNID
    package let since: Int64
    package let head: Int64

    package init(room: RoomNID, since: Int64, head: Int64) {
        self.room = room
        self.since = since
        self.head = head
    }
}

/// Where a change was written, and the shard's newest position before: what a wake-up tells the followers.
package struct LogPosition: Sendable, Hashable {
    package let shard: Int16
    package let position: Int64
    package let previous: Int64

    package init(shard: Int16, position: Int64, previous: Int64) {
        self.shard = shard
        self.position = position
        self.previous = previous
    }

    /// From the answer of a function that appends: `new_position, previous`.
    init(first rows: PostgresRows, shard: Int16) throws {
        guard var row = rows.first else { throw StorageError.missing("log position") }
        self.init(shard: shard, position: try row.next(Int64.self), previous: try row.next(Int64.self))
    }
}
