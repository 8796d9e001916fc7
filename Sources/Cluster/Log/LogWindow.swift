import DequeModule
package import MatrixCore
package import Storage

/// The newest part of the log as one worker holds it in memory: what has changed, not the changes themselves.
///
/// Pure: the follower feeds it rows, syncs ask it. A window answers for a vector that is not older than its floor;
/// for an older one the database has to be asked.
package struct LogWindow: Sendable {
    /// Rows held for each shard. A row takes some 200 bytes.
    package static let maxRowsPerShard = 8192

    private struct Shard: Sendable {
        var rows: Deque<LogRow> = []
        /// Rows at or below it are not held.
        var floor: Int64
        var head: Int64
        /// Where the rows of device lists are, oldest first.
        var deviceLists: Deque<Int64> = []

        /// The place of the first row after a position.
        func index(after position: Int64) -> Int {
            rows.partitioningIndex { $0.position > position }
        }
    }

    /// Where the rows of a room or a user are, oldest first. All are in the one shard that it belongs to.
    private struct Trace: Sendable {
        let shard: Int16
        var positions: Deque<Int64> = []
    }

    private var shards: [Shard]
    private var rooms: [RoomNID: Trace] = [:]
    private var users: [UserNID: Trace] = [:]

    package init(startingAt heads: LogVector) {
        shards = heads.positions.map { Shard(floor: $0, head: $0) }
    }

    package var heads: LogVector { LogVector(shards.map(\.head)) }

    package enum Outcome: Equatable, Sendable {
        case applied
        /// It had been applied before.
        case old
        /// Rows after `from` are missing before it.
        case gap(from: Int64)
    }

    // MARK: Feeding

    /// Takes a row of which it is known that the row before it in its shard is `previous`.
    package mutating func apply(_ row: LogRow, previous: Int64) -> Outcome {
        let index = Int(row.shard)
        guard shards.indices.contains(index) else { return .old }
        if row.position <= shards[index].head { return .old }
        guard previous <= shards[index].head else { return .gap(from: shards[index].head) }
        shards[index].rows.append(row)
        shards[index].head = row.position
        if let room = row.roomOfShard { rooms[room, default: Trace(shard: row.shard)].positions.append(row.position) }
        if let user = row.userOfShard { users[user, default: Trace(shard: row.shard)].positions.append(row.position) }
        if row.kind == .deviceLists { shards[index].deviceLists.append(row.position) }
        if shards[index].rows.count > Self.maxRowsPerShard { dropOldest(of: index) }
        return .applied
    }

    private mutating func dropOldest(of index: Int) {
        guard let dropped = shards[index].rows.popFirst() else { return }
        shards[index].floor = dropped.position
        if dropped.kind == .deviceLists { _ = shards[index].deviceLists.popFirst() }
        if let room = dropped.roomOfShard { Self.dropOldest(of: room, in: &rooms) }
        if let user = dropped.userOfShard { Self.dropOldest(of: user, in: &users) }
    }

    private static func dropOldest<Key>(of key: Key, in traces: inout [Key: Trace]) {
        _ = traces[key]?.positions.popFirst()
        if traces[key]?.positions.isEmpty == true { traces[key] = nil }
    }

    // MARK: Asking

    /// Whether everything after `since` is held.
    package func reaches(_ since: LogVector) -> Bool {
        since.shardCount == shards.count && zip(shards, since.positions).allSatisfy { $0.floor <= $1 }
    }

    /// The rows of a shard after a position, oldest first; `nil` when some of them are not held any more.
    package func rows(of shard: Int16, after position: Int64, limit: Int) -> [LogRow]? {
        guard shards.indices.contains(Int(shard)), shards[Int(shard)].floor <= position else { return nil }
        let rows = shards[Int(shard)].rows
        let start = shards[Int(shard)].index(after: position)
        return Array(rows[start..<min(rows.count, start + max(limit, 0))])
    }

    /// The rows in the room's shard about the room, after `since`, oldest first.
    package func rows(of room: RoomNID, since: LogVector) -> [LogRow] { rows(of: rooms[room], since: since) }

    /// The rows in the user's shard about the user, after `since`, oldest first.
    package func rows(of user: UserNID, since: LogVector) -> [LogRow] { rows(of: users[user], since: since) }

    /// The rows about a room after a position of its shard and up to another, oldest first; `nil` when some of them are not held
    /// any more.
    package func rows(of room: RoomNID, in shard: Int16, after position: Int64, upTo last: Int64) -> [LogRow]? {
        guard shards.indices.contains(Int(shard)), shards[Int(shard)].floor <= position else { return nil }
        guard let trace = rooms[room], trace.shard == shard else { return [] }
        let newer = trace.positions.reversed().prefix { $0 > position }.reversed().prefix { $0 <= last }
        let held = shards[Int(shard)]
        return newer.map { held.rows[held.index(after: $0 - 1)] }
    }

    /// Whether there are rows of a kind about a user after a position of the user's shard and up to another; `nil` when that is
    /// not held any more.
    package func hasRows(
        of kind: LogKind, about user: UserNID, in shard: Int16, after position: Int64, upTo last: Int64
    ) -> Bool? {
        guard shards.indices.contains(Int(shard)), shards[Int(shard)].floor <= position else { return nil }
        guard let trace = users[user], trace.shard == shard else { return false }
        let held = shards[Int(shard)]
        return trace.positions.reversed().prefix { $0 > position }.contains { newer in
            newer <= last && held.rows[held.index(after: newer - 1)].kind == kind
        }
    }

    private func rows(of trace: Trace?, since: LogVector) -> [LogRow] {
        guard let trace, let last = trace.positions.last, last > since[trace.shard] else { return [] }
        let shard = shards[Int(trace.shard)]
        let newer = trace.positions.reversed().prefix { $0 > since[trace.shard] }
        return newer.reversed().map { shard.rows[shard.index(after: $0 - 1)] }
    }

    /// The rows of device lists after `since`, whoever they are about, oldest first for each shard.
    ///
    /// Cost: what there are of them.
    package func deviceLists(since: LogVector) -> [LogRow] {
        zip(shards, since.positions).flatMap { shard, position in
            let newer = shard.deviceLists.reversed().prefix { $0 > position }
            return newer.reversed().map { shard.rows[shard.index(after: $0 - 1)] }
        }
    }

    /// The rows about each of some rooms, after `since`; rooms without such rows are left out.
    ///
    /// Cost: the number of rooms, or the number of rows since, whichever is less.
    package func rows<Value>(of wanted: [RoomNID: Value], since: LogVector) -> [RoomNID: [LogRow]] {
        var found: [RoomNID: [LogRow]] = [:]
        let count = zip(shards, since.positions).reduce(0) { $0 + max($1.0.head - $1.1, 0) }
        if count > wanted.count {
            for room in wanted.keys {
                let rows = rows(of: room, since: since)
                if !rows.isEmpty { found[room] = rows }
            }
            return found
        }
        for (shard, position) in zip(shards, since.positions) where shard.head > position {
            for row in shard.rows[shard.index(after: position)...] {
                if let room = row.roomOfShard, wanted[room] != nil { found[room, default: []].append(row) }
            }
        }
        return found
    }
}

extension LogRow {
    /// The room to whose shard the row belongs. Rows in a user's shard may name a room as well.
    fileprivate var roomOfShard: RoomNID? {
        switch kind {
        case .roomEvents, .receipts, .privateReceipts: roomNID
        case .accountData, .toDevice, .deviceLists, .membership, .pushRules, .access, .threadSubscriptions, .profile,
            .outgoingEDUs, .keyCounts, .other:
            nil
        }
    }

    /// The user to whose shard the row belongs.
    fileprivate var userOfShard: UserNID? {
        switch kind {
        case .roomEvents, .receipts, .privateReceipts, .outgoingEDUs, .other: nil
        case .accountData, .toDevice, .deviceLists, .membership, .pushRules, .access, .threadSubscriptions, .profile,
            .keyCounts:
            userNID
        }
    }
}
