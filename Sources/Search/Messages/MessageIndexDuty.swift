package import Cluster
import MatrixCore
package import Storage
package import Telemetry

/// Takes what was said into the index of the search, and what was redacted out of it, as it follows the log.
///
/// Whoever sends does not wait for it. Rows that are taken twice change nothing. Encrypted events never leave the database for
/// it.
package struct MessageIndexDuty: Duty {
    /// How far apart turns are: entries cost the less the more are written at once, alone 0.6 ms of Postgres, of 20 at once
    /// 0.06, of 500 0.04. What comes after a quiet time is taken at once.
    private static let moment = Duration.milliseconds(1500)
    private static let eventsAtOnce = 500

    package let name = "search"
    package let slotCount = 2

    private let store: SearchStore
    private let feed: LogFeed
    private let telemetry: Telemetry

    package init(store: SearchStore, feed: LogFeed, telemetry: Telemetry) {
        self.store = store
        self.feed = feed
        self.telemetry = telemetry.labelled("search")
    }

    package func run(_ lease: DutyLease) async throws {
        let count = Int(feed.installation.shardCount)
        // Of the other slots' shards nothing is to be read.
        var start = LogVector(Array(repeating: Int64.max, count: count))
        for shard in 0..<count where shard % slotCount == lease.slot {
            start[Int16(shard)] = lease.cursor?[Int16(shard)] ?? 0
        }
        var follower = LogFollower(feed: feed, from: start)
        while !Task.isCancelled {
            try await take(try await follower.next(gathering: Self.moment))
            lease.advance(to: follower.cursor)
        }
    }

    package func take(_ rows: [LogRow]) async throws {
        var events: [(room: RoomNID, event: EventNID)] = []
        var redacted: [(room: RoomNID, event: EventID)] = []
        for row in rows where row.kind == .roomEvents {
            guard let room = row.roomNID else { continue }
            events += row.eventNIDs.map { (room, $0) }
            redacted += row.redacted.map { (room, $0) }
        }
        for start in stride(from: 0, to: events.count, by: Self.eventsAtOnce) {
            let some = events[start..<min(start + Self.eventsAtOnce, events.count)]
            let found = try await store.searchable(Array(some))
            try await add(found.compactMap(SearchableText.entry)[...])
        }
        for start in stride(from: 0, to: redacted.count, by: Self.eventsAtOnce) {
            try await store.remove(Array(redacted[start..<min(start + Self.eventsAtOnce, redacted.count)]))
        }
    }

    /// One text that the database does not take keeps nothing else out of the index.
    private func add(_ entries: ArraySlice<SearchEntry>) async throws {
        do {
            try await store.add(Array(entries))
        } catch {
            try Task.checkCancellation()
            guard case .final = WriteFailure(error) else { throw error }
            guard entries.count > 1 else {
                return telemetry.log.warning("an event cannot be searched", [.cause: "\(error)"])
            }
            let middle = entries.index(entries.startIndex, offsetBy: entries.count / 2)
            try await add(entries[..<middle])
            try await add(entries[middle...])
        }
    }
}
