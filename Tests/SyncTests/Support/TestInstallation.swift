import ApusTesting
import Cluster
import Ephemeral
import MatrixCore
import Postgres
import Rooms
import Storage
import Sync
import Telemetry

/// A migrated database, and workers on it that write and sync.
struct TestInstallation: Sendable {
    static let serverName = ServerName("example.org")!

    let database: MigratedDatabase
    let telemetry = Telemetry(
        log: .discarding, metrics: MetricsRegistry(), clock: SystemClock(), random: SystemRandomSource())
    let key = SigningKey(version: "a", seed: Array(repeating: 7, count: 32))!

    /// Runs `body` with a new database of its own.
    static func with(_ body: (TestInstallation) async throws -> Void) async throws {
        try await MigratedDatabase.with { try await body(TestInstallation(database: $0)) }
    }

    /// Runs one more worker on the database, while `body` runs.
    func withWorker(_ body: @escaping @Sendable (TestWorker) async throws -> Void) async throws {
        let worker = try await worker()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                await worker.run()
                return false
            }
            group.addTask {
                try await body(worker)
                return true
            }
            while let isOver = try await group.next(), !isOver {}
            group.cancelAll()
        }
        await worker.pool.close()
    }

    /// One more worker, which follows the log when it is run.
    func worker() async throws -> TestWorker {
        let pool = database.pool()
        let log = LogStore(pool: pool)
        guard let installation = try await log.installation() else { throw TestingError("not installed") }
        let feed = try await LogFeed.start(
            installation: installation, store: log, hints: NoHints(), telemetry: telemetry)
        let interning = Interning(pool: pool, shardCount: installation.shardCount)
        let memberships = MembershipStore(pool: pool)
        let reader = RoomReader(
            store: RoomStore(pool: pool), eventStore: EventStore(pool: pool), interning: interning,
            memberships: memberships, feed: feed)
        let writing = RoomWriting(
            reader: reader, numbers: NumberBlocks(pool: pool), feed: feed,
            server: LocalServer(name: Self.serverName, signingKey: key),
            localServerNID: try await interning.server(Self.serverName), notifications: MessagesNotify(),
            telemetry: telemetry)
        let rooms = RoomService(writing: writing, profiles: ProfileStore(pool: pool), remote: nil) { token, shard in
            (try? SyncToken(token, incarnation: installation.incarnation, shards: Int(installation.shardCount)))?.log[
                shard]
        }
        let timeouts = Timeouts(clock: telemetry.clock)
        let watches = UserWatches(feed: feed, memberships: memberships, timeouts: timeouts, clock: telemetry.clock)
        let bus = EphemeralBus(incarnation: installation.incarnation, hints: NoHints(), clock: telemetry.clock)
        let typing = Typing(bus: bus, watches: watches, clock: telemetry.clock)
        let receipts = ReceiptStore(pool: pool)
        let accountData = AccountDataStore(pool: pool)
        let sync = SyncService(
            SyncSetup(
                rooms: rooms, typing: typing, feed: feed, watches: watches, timeouts: timeouts, log: log,
                receipts: receipts,
                accountData: accountData, filters: FilterStore(pool: pool),
                pushRules: { _ in Array(#"{"global":{}}"#.utf8) },
                telemetry: telemetry))
        return TestWorker(
            pool: pool, installation: installation, rooms: rooms, feed: feed, timeouts: timeouts, watches: watches,
            typing: typing, receipts: Receipts(rooms: rooms, store: receipts, feed: feed, clock: telemetry.clock),
            accountData: accountData, filters: FilterStore(pool: pool), sync: sync)
    }
}

/// Messages notify everybody, and those that say `highlight` highlight the user who is named next.
struct MessagesNotify: NotificationPolicy {
    func decide(
        for event: Event, number: EventNID, in room: RoomRecord, members: [UserNID], state: RoomSnapshot
    ) async throws -> NotificationDecision {
        guard event.type == EventType.message else { return .silent }
        let exceptions = members.filter { event.content["highlights"]?.int == $0.rawValue }.map {
            NotificationException(userNID: $0, eventNID: number, notifies: true, highlights: true)
        }
        return NotificationDecision(notifiesByDefault: true, exceptions: exceptions)
    }
}
