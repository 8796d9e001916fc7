import ApusTesting
import Cluster
import MatrixCore
import Postgres
import Reactor
import Storage
import Telemetry

/// A migrated database and what several workers share in one test process.
struct TestCluster: Sendable {
    let database: MigratedDatabase
    let installation: Installation

    /// Runs `body` with a new database of its own.
    static func with(_ body: (TestCluster) async throws -> Void) async throws {
        try await MigratedDatabase.with { database in
            let pool = database.pool()
            let installation = try await LogStore(pool: pool).installation()
            await pool.close()
            guard let installation else { throw TestingError("the database says not what it is") }
            try await body(TestCluster(database: database, installation: installation))
        }
    }

    var reactor: Reactor { database.reactor }

    /// Runs one more worker, while `body` runs.
    ///
    /// - Parameter reads: whether it reads the log; otherwise it knows of others' writes by hints alone.
    func withWorker<Value: Sendable>(
        hints: any HintBus = NoHints(), reads: Bool = true,
        _ body: @escaping @Sendable (TestWorker) async throws -> Value
    ) async throws -> Value {
        let worker = try await TestWorker.start(in: self, hints: hints)
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                await worker.run(reads: reads)
                return nil
            }
            group.addTask { try await body(worker) }
            var result: Value?
            while result == nil, let next = try await group.next() { result = next }
            group.cancelAll()
            await worker.pool.close()
            guard let result else { throw CancellationError() }
            return result
        }
    }
}

/// The parts of a worker that follow the log.
struct TestWorker: Sendable {
    let pool: PostgresPool
    let store: LogStore
    let feed: LogFeed
    let timeouts: Timeouts
    let watches: UserWatches
    let memberships: MembershipStore
    let interning: Interning
    let rooms: RoomStore
    let telemetry: Telemetry
    let hints: any HintBus

    static func start(in cluster: TestCluster, hints: any HintBus) async throws -> TestWorker {
        let telemetry = Telemetry.silent()
        let pool = cluster.database.pool()
        let store = LogStore(pool: pool)
        let feed = try await LogFeed.start(
            installation: cluster.installation, store: store, hints: hints, telemetry: telemetry)
        let timeouts = Timeouts(clock: telemetry.clock)
        let memberships = MembershipStore(pool: pool)
        let watches = UserWatches(feed: feed, memberships: memberships, timeouts: timeouts, clock: telemetry.clock)
        return TestWorker(
            pool: pool, store: store, feed: feed, timeouts: timeouts, watches: watches, memberships: memberships,
            interning: Interning(pool: pool, shardCount: cluster.installation.shardCount), rooms: RoomStore(pool: pool),
            telemetry: telemetry, hints: hints)
    }

    func run(reads: Bool = true) async {
        await withTaskGroup { group in
            if reads { group.addTask { await feed.run() } }
            group.addTask { await timeouts.run() }
            group.addTask { await watches.run() }
            if let redis = hints as? RedisHints { group.addTask { await redis.run() } }
        }
    }

    func room(_ name: String) async throws -> RoomRecord {
        let id = RoomID("!\(name):example.org")!
        return try await rooms.intern(id, shard: interning.shard(of: id.description), version: "10", now: 1)
    }

    func user(_ name: String) async throws -> UserRecord { try await interning.user(UserID("@\(name):example.org")!) }

    /// Makes the user a member, as an event of another server would.
    func set(_ membership: Membership, of user: UserRecord, in room: RoomRecord) async throws {
        let at = try await memberships.setOutOfBand(
            membership, of: user, in: room.nid, by: EventNID(1), strippedState: nil, now: 1)
        feed.announce(.membership, at: at, room: room.nid, user: user.nid)
    }

    /// Writes a row that says that something happened in the room, and tells nobody.
    func writeSilently(_ kind: LogKind = .roomEvents, in room: RoomRecord) async throws -> LogPosition {
        try await store.append(kind, shard: room.shard, room: room.nid, now: 1)
    }

    func write(_ kind: LogKind = .roomEvents, in room: RoomRecord) async throws {
        feed.announce(kind, at: try await writeSilently(kind, in: room), room: room.nid)
    }
}
