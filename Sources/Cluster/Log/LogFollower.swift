package import Storage
import Telemetry

/// Reads the log onward from a cursor, at the reader's own pace: what duties and other slow followers do.
///
/// Nothing is queued for it. What the window still holds comes from memory, what it does not hold any more from the
/// database; so a follower that falls behind costs nobody anything.
package struct LogFollower: Sendable {
    /// Rows in one answer, over all shards.
    package static let maxRows = LogStore.maxRows
    /// How long rows are gathered once there are some: whoever follows at its own pace is woken less often for it.
    private static let moment = Duration.milliseconds(10)

    /// Everything at or below it has been returned.
    package private(set) var cursor: LogVector
    private let feed: LogFeed
    /// When rows were gathered last.
    private var lastTurn: Duration?

    package init(feed: LogFeed, from cursor: LogVector) {
        self.feed = feed
        self.cursor = cursor
    }

    /// The next rows, in the order of each shard; waits until there are some. Empty when the task was cancelled.
    package mutating func next() async throws -> [LogRow] {
        while !Task.isCancelled {
            let rows = try await available()
            if !rows.isEmpty { return rows }
            await feed.waitForMore(than: cursor)
            guard (try? await rest()) != nil else { break }
        }
        return []
    }

    /// The next rows, gathered until the last ones are a moment ago, for whom many at once cost less: what comes after a quiet
    /// time is returned at once, and who is far behind does not wait.
    package mutating func next(gathering moment: Duration) async throws -> [LogRow] {
        let clock = feed.telemetry.clock
        var rows = try await next()
        if rows.count < Self.maxRows {
            if let lastTurn, lastTurn + moment > clock.monotonic {
                try await clock.sleep(until: lastTurn + moment)
            }
            rows += try await available()
        }
        lastTurn = clock.monotonic
        return rows
    }

    /// Waits for as long as rows are gathered.
    package func rest() async throws { try await feed.telemetry.clock.sleep(for: Self.moment) }

    /// The next rows that are there now, if any. When it throws, the follower is where it was.
    package mutating func available() async throws -> [LogRow] {
        let heads = feed.heads
        var reached = cursor
        var found: [LogRow] = []
        for index in 0..<heads.shardCount {
            let shard = Int16(index)
            guard heads[shard] > reached[shard], found.count < Self.maxRows else { continue }
            let limit = Self.maxRows - found.count
            let from = reached[shard]
            let held = feed.withWindow { $0.rows(of: shard, after: from, limit: limit) }
            let rows = if let held { held } else { try await feed.store.rows(of: shard, after: from) }
            if let last = rows.last { reached[shard] = last.position }
            found.append(contentsOf: rows)
        }
        cursor = reached
        return found
    }
}
