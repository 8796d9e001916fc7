import DequeModule
package import MatrixCore
package import Storage

/// The newest part of the log as one worker holds it in memory: what has changed, not the changes themselves.
///
/// Pure: the follower feeds it rows, syncs ask it. A window answers for a vector that is not older than its floor;
/// for an older one the database has to be asked.
package struct LogWindow: Sendable {
    /// Rows held for each shard.
    package static let maxRowsPerShard = 8192

    private struct Shard: Sendable {
        var rows: Deque<LogRow> = []
        /// Rows at or below it are not held.
        var floor: Int64
        var head: Int64
    }

    private var shards: [Shard]
    private var newestOfRoom: [RoomNID: Int64] = [:]
    private var newestOfUser: [UserNID: Int64] = [:]

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

    /// Takes a row of which it is known that the row before it in its shard is `previous`.
    package mutating func apply(_ row: LogRow, previous: Int64) -> Outcome {
        let index = Int(row.shard)
        guard shards.indices.contains(index) else { return .old }
        if row.position <= shards[index].head { return .old }
        guard previous <= shards[index].head else { return .gap(from: shards[index].head) }
        shards[index].rows.append(row)
        shards[index].head = row.position
        if let room = row.roomNID { newestOfRoom[room] = row.position }
        if let user = row.userNID { newestOfUser[user] = row.position }
        if shards[index].rows.count > Self.maxRowsPerShard { dropOldest(of: index) }
        return .applied
    }

    private mutating func dropOldest(of index: Int) {
        guard let dropped = shards[index].rows.popFirst() else { return }
        shards[index].floor = dropped.position
        if let room = dropped.roomNID, newestOfRoom[room] == dropped.position { newestOfRoom[room] = nil }
        if let user = dropped.userNID, newestOfUser[user] == dropped.position { newestOfUser[user] = nil }
    }

    /// Whether everything after `since` is held.
    package func reaches(_ since: LogVector) -> Bool {
        since.shardCount == shards.count && zip(shards, since.positions).allSatisfy { $0.floor <= $1 }
    }

    package func hasChanged(room: RoomNID, shard: Int16, since: LogVector) -> Bool {
        (newestOfRoom[room] ?? 0) > since[shard]
    }

    package func hasChanged(user: UserNID, shard: Int16, since: LogVector) -> Bool {
        (newestOfUser[user] ?? 0) > since[shard]
    }

    /// The rows of a shard after a position, oldest first; `nil` when some of them are not held any more.
    package func rows(of shard: Int16, after position: Int64, limit: Int) -> [LogRow]? {
        guard shards.indices.contains(Int(shard)), shards[Int(shard)].floor <= position else { return nil }
        let rows = shards[Int(shard)].rows
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].position <= position { low = middle + 1 } else { high = middle }
        }
        return Array(rows[low..<min(rows.count, low + max(limit, 0))])
    }

    /// The rows of one room after a position of its shard, oldest first.
    package func rows(of room: RoomNID, shard: Int16, since position: Int64) -> [LogRow] {
        guard shards.indices.contains(Int(shard)), (newestOfRoom[room] ?? 0) > position else { return [] }
        var found: [LogRow] = []
        for row in shards[Int(shard)].rows.reversed() {
            if row.position <= position { break }
            if row.roomNID == room { found.append(row) }
        }
        return found.reversed()
    }
}
