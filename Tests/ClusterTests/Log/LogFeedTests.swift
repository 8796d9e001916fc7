import ApusTesting
import Cluster
import MatrixCore
import Postgres
import Redis
import Storage
import Telemetry
import Testing

struct LogFeedTests {
    private static let rows = 60

    /// Writes rows in turn through two workers, and returns what both of them were told.
    private func recordings(
        hints: any HintBus, reads: Bool = true, silently: Bool = false, rows: Int = LogFeedTests.rows
    ) async throws -> (first: [Int16: [Int64]], second: [Int16: [Int64]]) {
        let result = Box<([Int16: [Int64]], [Int16: [Int64]])>()
        try await TestCluster.with { cluster in
            try await cluster.withWorker(hints: hints, reads: reads) { first in
                try await cluster.withWorker(hints: hints, reads: reads) { second in
                    let recorders = (Recorder(first.feed), Recorder(second.feed))
                    for number in 0..<rows {
                        let writer = number.isMultiple(of: 2) ? first : second
                        let room = try await writer.room("room\(number % 5)")
                        if silently {
                            _ = try await writer.writeSilently(in: room)
                        } else {
                            try await writer.write(in: room)
                        }
                    }
                    try await eventually("both feeds having all rows") {
                        recorders.0.count == rows && recorders.1.count == rows
                    }
                    result.value = (recorders.0.positions, recorders.1.positions)
                }
            }
        }
        return try #require(result.value)
    }

    private func isInOrder(_ recording: [Int16: [Int64]]) -> Bool {
        recording.values.allSatisfy { positions in positions == Array(1...Int64(positions.count)) }
    }

    @Test func tellsEveryRowOnceInOrderByHints() async throws {
        let (first, second) = try await recordings(hints: LossyHints { _ in false }, reads: false)
        #expect(isInOrder(first))
        #expect(first == second)
    }

    @Test func closesGapsOfLostHints() async throws {
        let (first, second) = try await recordings(hints: LossyHints { $0 % 3 == 1 })
        #expect(isInOrder(first))
        #expect(first == second)
    }

    @Test func readsTheHeadsWhenNobodyTellsAnything() async throws {
        let (first, second) = try await recordings(hints: NoHints(), silently: true)
        #expect(isInOrder(first))
        #expect(first == second)
    }

    @Test func readsALongGapInPages() async throws {
        try await TestCluster.with { cluster in
            try await cluster.withWorker { worker in
                let recorder = Recorder(worker.feed)
                let count = LogStore.maxRows * 2 + 7
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<count {
                        group.addTask {
                            _ = try await worker.store.append(.accountData, shard: 2, user: UserNID(1), now: 1)
                        }
                    }
                    try await group.waitForAll()
                }
                try await eventually("all rows") { recorder.count == count }
                #expect(recorder.positions[2] == Array(1...Int64(count)))
            }
        }
    }

    @Test func reachesAVectorThatAnotherWorkerHasSeen() async throws {
        try await TestCluster.with { cluster in
            try await cluster.withWorker { worker in
                let room = try await worker.room("a")
                var vector = worker.feed.heads
                vector[room.shard] = try await worker.writeSilently(in: room).position
                let start = SystemClock().monotonic
                #expect(await worker.feed.reach(vector, within: .seconds(5), timeouts: worker.timeouts))
                #expect(SystemClock().monotonic - start < LogFeed.pollInterval)
                vector[room.shard] += 1000
                #expect(await !worker.feed.reach(vector, within: .milliseconds(200), timeouts: worker.timeouts))
            }
        }
    }

    /// No hints, and a worker that does not follow the log by itself: what was written before is there all the same.
    @Test func reachesThePresentWithoutBeingTold() async throws {
        try await TestCluster.with { cluster in
            try await cluster.withWorker { writer in
                let reader = try await TestWorker.start(in: cluster, hints: NoHints())
                let recorder = Recorder(reader.feed)
                let (room, other) = (try await writer.room("a"), try await writer.room("b"))
                #expect(room.shard != other.shard)
                for number in 1...250 {
                    try await writer.write(in: room)
                    if number % 50 == 0 {
                        try await reader.feed.reachPresent(of: [room.shard])
                        #expect(recorder.positions == [room.shard: Array(1...Int64(number))])
                    }
                }
                for _ in 0..<230 { try await writer.write(in: other) }
                try await reader.feed.reachPresent(of: [room.shard])
                #expect(recorder.count == 250)
                try await reader.feed.reachPresent()
                #expect(recorder.positions[other.shard] == Array(1...230))
                #expect(reader.feed.heads == writer.feed.heads)
                await reader.pool.close()
            }
        }
    }

    @Test func aFollowerGetsEverythingFromItsCursorOn() async throws {
        try await TestCluster.with { cluster in
            try await cluster.withWorker { worker in
                let room = try await worker.room("a")
                for _ in 0..<10 { try await worker.write(in: room) }
                // One that begins before the window does, and one that waits for what is to come.
                try await cluster.withWorker { late in
                    var follower = LogFollower(feed: late.feed, from: .zero(shards: 16))
                    #expect(try await follower.next().map(\.position) == Array(1...10))
                    let position = try await worker.writeSilently(in: room)
                    #expect(try await follower.next().map(\.position) == [position.position])
                    #expect(follower.cursor[room.shard] == position.position)
                }
            }
        }
    }

    /// A worker of an older release, or one row that is damaged, must not end the following of a whole shard.
    @Test func goesOnBehindRowsThatItCannotRead() async throws {
        try await TestCluster.with { cluster in
            try await cluster.withWorker { worker in
                let recorder = Recorder(worker.feed)
                let room = try await worker.room("a")
                let damaged = try await worker.writeSilently(in: room)
                _ = try await worker.pool.query(
                    Statement("test.damage", "update log set state_root = '\\x09' where shard = $1"), room.shard)
                _ = try await worker.pool.query(
                    Statement("test.append", "select new_position from log_append($1, 99::smallint, null, null, 1)"),
                    room.shard)
                try await worker.feed.reachPresent(of: [room.shard])
                #expect(recorder.positions[room.shard] == [damaged.position, damaged.position + 1])
                let rows = worker.feed.withWindow { $0.rows(of: room.shard, after: 0, limit: 10) }
                #expect(rows?.map(\.kind) == [.roomEvents, .other])
                #expect(rows?.first?.state == nil)
            }
        }
    }

    // MARK: Over Redis

    @Test func goesOnWhileRedisIsAwayAndUsesItAgain() async throws {
        let redis = try await PrivateRedis.start()
        try await TestCluster.with { cluster in
            // One takes each hint as it comes, the other many at once.
            let (near, far) = (
                try client(redis, cluster), try client(redis, cluster, rest: .milliseconds(20))
            )
            let (nearHints, farHints) = (
                RedisHints(client: near, telemetry: .silent()),
                RedisHints(client: far, telemetry: .silent())
            )
            try await cluster.withWorker(hints: nearHints) { writer in
                try await cluster.withWorker(hints: farHints) { reader in
                    let recorder = Recorder(reader.feed)
                    let room = try await writer.room("a")
                    let shard = room.shard
                    try await eventually("Redis") { near.state == .connected && far.state == .connected }
                    // By hints: well before the next poll, ten times in a row.
                    try await eventually("subscriptions") {
                        try await writer.write(in: room)
                        let written = try await writer.store.heads(shards: 16)[shard]
                        try await Task.sleep(for: .milliseconds(100))
                        return reader.feed.heads[shard] == written
                    }
                    try await redis.kill()
                    let count = recorder.count
                    for _ in 0..<5 { try await writer.write(in: room) }
                    try await eventually(within: .seconds(4), "rows without Redis") { recorder.count == count + 5 }
                    try await redis.startAgain()
                    try await eventually("Redis again") { near.state == .connected && far.state == .connected }
                    for _ in 0..<5 { try await writer.write(in: room) }
                    try await eventually("rows with Redis again") { recorder.count == count + 10 }
                    #expect(recorder.positions[shard].map { $0 == Array(1...Int64($0.count)) } == true)
                }
            }
            await near.close()
            await far.close()
        }
        try await redis.remove()
    }

    private func client(
        _ redis: PrivateRedis, _ cluster: TestCluster, rest: Duration = .zero
    ) throws -> RedisClient {
        var configuration = try RedisConfiguration(url: redis.url)
        configuration.subscriberRest = rest
        return RedisClient(configuration, reactor: cluster.reactor, logger: Log.discarding.logger)
    }
}

/// Carries a result out of a closure that may run elsewhere.
final class Box<Value: Sendable>: @unchecked Sendable {
    var value: Value?
}
