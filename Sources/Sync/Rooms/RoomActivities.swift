import Cluster
import MatrixCore
import Storage
import Synchronization
import Telemetry

/// When each room was last active, and its state then: kept in memory by following the log, read once for rooms that were
/// quiet since this worker began.
final class RoomActivities: Sendable {
    /// Rooms that are remembered, some 150 bytes each.
    private static let maxCached = 400_000
    /// The feed's observers are told one after the other; this one may be a moment behind another.
    private static let patience = Duration.milliseconds(1)
    private static let maxWaits = 1_000

    private struct Entry: Sendable {
        let position: Int64
        /// `nil` when the row did not say enough.
        let activity: RoomActivity?
    }

    private let log: LogStore
    private let clock: any Clock
    private let cache: GenerationalCache<RoomNID, Entry>
    private let seen: Mutex<LogVector>

    init(feed: LogFeed, log: LogStore, clock: any Clock) {
        self.log = log
        self.clock = clock
        let cache = GenerationalCache<RoomNID, Entry>(maxWeight: Self.maxCached)
        self.cache = cache
        seen = Mutex(.zero(shards: Int(feed.installation.shardCount)))
        let vector = feed.observe { [weak self] row in self?.follow(row) }
        seen.withLock { $0 = $0.merged(with: vector) }
    }

    private func follow(_ row: LogRow) {
        if row.kind == .roomEvents, let room = row.roomNID {
            let activity =
                row.writtenAt > 0
                ? row.state.map { RoomActivity(position: row.position, writtenAt: row.writtenAt, state: $0.after) }
                : nil
            keep(Entry(position: row.position, activity: activity), of: room)
        }
        seen.withLock { $0[row.shard] = max($0[row.shard], row.position) }
    }

    private func keep(_ entry: Entry, of room: RoomNID) {
        cache.keep(entry, for: room) {
            $0.position > entry.position || ($0.position == entry.position && $0.activity != nil)
        }
    }

    /// The newest activity of rooms, in their order: at least of everything at or below `heads`, and perhaps of what came
    /// after; `nil` for rooms of which nothing was ever written.
    ///
    /// Cost: for rooms that this worker has not heard of yet one query for all.
    func activities(of rooms: [RoomNID], at heads: LogVector) async throws -> [RoomActivity?] {
        for _ in 0..<Self.maxWaits where !seen.withLock({ $0.covers(heads) }) {
            try await clock.sleep(for: Self.patience)
        }
        var found = cache.values(for: rooms).map { $0?.activity }
        let unknown = rooms.indices.filter { found[$0] == nil }
        guard !unknown.isEmpty else { return found }
        let read = try await log.newest(of: unknown.map { rooms[$0] })
        for index in unknown {
            guard let activity = read[rooms[index]] else { continue }
            keep(Entry(position: activity.position, activity: activity), of: rooms[index])
            found[index] = activity
        }
        return found
    }
}
