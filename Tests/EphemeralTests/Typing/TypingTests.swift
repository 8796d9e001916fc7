import ApusTesting
import Cluster
import Ephemeral
import MatrixCore
import Postgres
import Reactor
import Redis
import Storage
import Synchronization
import Telemetry
import Testing

struct TypingTests {
    private static let room = RoomNID(1)
    private static let alice = UserID("@alice:example.org")!
    private static let bob = UserID("@bob:elsewhere.org")!

    /// One worker's typing, on a database with nothing in it.
    private struct Worker: Sendable {
        let typing: Typing
        let bus: EphemeralBus
    }

    private static func worker(
        _ pool: PostgresPool, _ telemetry: Telemetry, hints: any HintBus = NoHints()
    ) -> Worker {
        let installation = Installation(serverName: ServerName("example.org")!, shardCount: 1, incarnation: 1)
        let feed = LogFeed(
            installation: installation, startingAt: .zero(shards: 1), store: LogStore(pool: pool), hints: hints,
            telemetry: telemetry)
        let watches = UserWatches(
            feed: feed, memberships: MembershipStore(pool: pool), timeouts: Timeouts(clock: telemetry.clock),
            clock: telemetry.clock)
        let bus = EphemeralBus(incarnation: 1, hints: hints, clock: telemetry.clock)
        return Worker(typing: Typing(bus: bus, watches: watches, clock: telemetry.clock), bus: bus)
    }

    private func withPool(_ body: (PostgresPool, Reactor) async throws -> Void) async throws {
        let reactor = try Reactor()
        // Nothing is asked of it: typing is never stored.
        let pool = PostgresPool(
            PostgresConfiguration(conninfo: "host=127.0.0.1 port=1"), reactor: reactor, logger: Log.discarding.logger)
        try await body(pool, reactor)
        await pool.close(within: .zero)
        await reactor.shutdown()
    }

    /// Who has seen all but one change asks about one room, however many are remembered; who comes from before what is indexed is
    /// still told everything.
    @Test func whoAsksLooksAtWhatChangedSince() async throws {
        try await withPool { pool, _ in
            let worker = Self.worker(pool, .silent(clock: ManualClock()))
            let begun = worker.bus.newest
            func looked(after serial: Int64) -> (looks: Int, rooms: Int) {
                var looks = 0
                let changes = worker.typing.changes(after: serial, upTo: .max) { _ in
                    looks += 1
                    return true
                }
                return (looks, changes.count)
            }
            let rooms = 3_000
            for room in 1...rooms {
                await worker.typing.set(Self.alice, in: RoomNID(Int64(room)), for: .seconds(100))
            }
            let seen = worker.bus.newest
            #expect(looked(after: begun) == (rooms, rooms))
            #expect(looked(after: seen) == (0, 0))
            await worker.typing.set(Self.bob, in: RoomNID(7), for: .seconds(100))
            #expect(looked(after: seen) == (1, 1))
            // So many changes that the oldest are not indexed any more.
            for _ in 0..<2 {
                for room in 1...rooms {
                    await worker.typing.set(Self.bob, in: RoomNID(Int64(room)), for: .seconds(100))
                    await worker.typing.set(Self.bob, in: RoomNID(Int64(room)), for: nil)
                }
            }
            #expect(looked(after: begun) == (rooms, rooms))
            #expect(looked(after: worker.bus.newest) == (0, 0))
        }
    }

    @Test func endsWhenItsTimeIsOver() async throws {
        try await withPool { pool, _ in
            let clock = ManualClock()
            let telemetry = Telemetry.silent(clock: clock)
            let worker = Self.worker(pool, telemetry)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await worker.typing.run() }
                await worker.typing.set(Self.alice, in: Self.room, for: .seconds(10))
                await worker.typing.set(Self.bob, in: Self.room, for: .seconds(1000))
                #expect(worker.typing.typists(in: Self.room) == [Self.alice, Self.bob])
                let begun = worker.bus.newest
                #expect(worker.typing.changes(after: begun, upTo: .max) { _ in true }.isEmpty)
                await advance(clock, by: .seconds(9), worker.typing)
                #expect(worker.typing.typists(in: Self.room) == [Self.alice, Self.bob])
                await advance(clock, by: .seconds(2), worker.typing)
                #expect(worker.typing.typists(in: Self.room) == [Self.bob])
                #expect(worker.typing.changes(after: begun, upTo: .max) { _ in true } == [Self.room: [Self.bob]])
                #expect(worker.typing.changes(after: begun, upTo: .max) { _ in false }.isEmpty)
                await advance(clock, by: Typing.maxTimeout, worker.typing)
                #expect(worker.typing.typists(in: Self.room).isEmpty, "nobody types for longer")
                #expect(clock.sleeperCount == 0, "nothing wakes up while nobody types")
                group.cancelAll()
            }
        }
    }

    /// Lets time pass for somebody who types; nobody waits for it when nobody does.
    private func advance(_ clock: ManualClock, by duration: Duration, _ typing: Typing) async {
        func settle() async {
            for _ in 0..<100 { await Task.yield() }
            while clock.sleeperCount == 0, !typing.typists(in: Self.room).isEmpty { await Task.yield() }
        }
        await settle()
        for _ in 0..<Int(duration / .milliseconds(500)) {
            clock.advance(by: .milliseconds(500))
            await settle()
        }
    }

    @Test func tellsChangesFromRenewals() async throws {
        try await withPool { pool, _ in
            let telemetry = Telemetry.silent(clock: ManualClock())
            let worker = Self.worker(pool, telemetry)
            let changes = Changes(worker.typing)
            await worker.typing.set(Self.alice, in: Self.room, for: nil)
            #expect(changes.all.isEmpty, "whoever did not type has not stopped")
            await worker.typing.set(Self.alice, in: Self.room, for: .seconds(10))
            let first = worker.typing.changes(after: 0, upTo: .max) { _ in true }.count
            let serial = worker.bus.newest
            await worker.typing.set(Self.alice, in: Self.room, for: .seconds(10))
            #expect(worker.typing.changes(after: serial, upTo: .max) { _ in true }.isEmpty, "no news for clients")
            await worker.typing.set(Self.alice, in: Self.room, for: nil)
            #expect(first == 1)
            #expect(changes.all.map(\.isTyping) == [true, true, false])
            #expect(changes.all.map(\.isRenewal) == [false, true, false])
        }
    }

    private final class Changes: Sendable {
        private let noted = Mutex<[Typing.Change]>([])
        init(_ typing: Typing) { typing.observe { [self] change in noted.withLock { $0.append(change) } } }
        var all: [Typing.Change] { noted.withLock { $0 } }
    }

    @Test func allWorkersKnowIt() async throws {
        let redis = try await PrivateRedis.start()
        try await withPool { pool, reactor in
            let telemetry = Telemetry.silent()
            var workers: [Worker] = []
            var clients: [RedisClient] = []
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    let client = RedisClient(
                        try RedisConfiguration(url: redis.url), reactor: reactor, logger: Log.discarding.logger)
                    let hints = RedisHints(client: client, telemetry: telemetry)
                    let worker = Self.worker(pool, telemetry, hints: hints)
                    group.addTask { await hints.run() }
                    group.addTask { await worker.typing.run() }
                    workers.append(worker)
                    clients.append(client)
                }
                try await eventually("typing everywhere") {
                    await workers[0].typing.set(Self.alice, in: Self.room, for: .seconds(2))
                    return workers.allSatisfy { $0.typing.typists(in: Self.room) == [Self.alice] }
                }
                try await eventually("its end everywhere") {
                    workers.allSatisfy { $0.typing.typists(in: Self.room).isEmpty }
                }
                let changes = workers.map { $0.typing.changes(after: 0, upTo: .max) { _ in true } }
                #expect(changes[0] == [Self.room: []] && changes[1] == changes[0])
                #expect(workers[0].bus.newest == workers[1].bus.newest)
                for client in clients { await client.close() }
                group.cancelAll()
            }
        }
        try await redis.remove()
    }
}
