import ApusTesting
import Cluster
import MatrixCore
import Postgres
import Rooms
import Storage
import Telemetry

/// A migrated database, and workers that write rooms into it.
struct TestInstallation: Sendable {
    static let serverName = ServerName("example.org")!

    let database: MigratedDatabase
    let telemetry: Telemetry
    let key = SigningKey(version: "a", seed: Array(repeating: 7, count: 32))!

    /// Runs `body` with a new database of its own.
    static func with(clock: any Clock = SystemClock(), _ body: (TestInstallation) async throws -> Void) async throws {
        try await MigratedDatabase.with { database in
            let telemetry = Telemetry(
                log: .discarding, metrics: MetricsRegistry(), clock: clock, random: SystemRandomSource())
            try await body(TestInstallation(database: database, telemetry: telemetry))
        }
    }

    /// One more worker on the database.
    func worker() async throws -> TestWorker {
        let pool = database.pool()
        let store = LogStore(pool: pool)
        guard let installation = try await store.installation() else { throw TestingError("not installed") }
        let feed = try await LogFeed.start(
            installation: installation, store: store, hints: NoHints(), telemetry: telemetry)
        let interning = Interning(pool: pool, shardCount: installation.shardCount)
        let reader = RoomReader(
            store: RoomStore(pool: pool), eventStore: EventStore(pool: pool), interning: interning,
            memberships: MembershipStore(pool: pool), feed: feed)
        let writing = RoomWriting(
            reader: reader, numbers: NumberBlocks(pool: pool), feed: feed,
            server: LocalServer(name: Self.serverName, signingKey: key),
            localServerNID: try await interning.server(Self.serverName), notifications: NobodyIsNotified(),
            telemetry: telemetry)
        let rooms = RoomService(writing: writing, profiles: ProfileStore(pool: pool), remote: nil) { _, _ in nil }
        return TestWorker(pool: pool, rooms: rooms)
    }
}

struct TestWorker: Sendable {
    let pool: PostgresPool
    let rooms: RoomService

    func user(_ name: String) async throws -> UserRecord {
        try await rooms.reader.interning.user(UserID("@\(name):example.org")!)
    }

    /// A public room of the version, created by `creator`.
    func room(by creator: UserRecord, version: RoomVersion = .default) async throws -> RoomID {
        var creation = RoomCreation(version: version)
        creation.preset = .publicChat
        return try await rooms.create(creation, by: creator, aliases: nil)
    }

    @discardableResult
    func say(_ text: String, in room: RoomID, as user: UserRecord, transaction: String? = nil) async throws -> EventID {
        let draft = try EventDraft(
            sender: user, type: EventType.message, content: ["msgtype": "m.text", "body": .string(text)],
            transaction: transaction.map { EventTransaction(deviceID: "D", transactionID: $0) })
        return try await rooms.send(draft, to: room)
    }

    /// The content of an event as the user is shown it.
    func content(of event: EventID, in room: RoomID, for user: UserRecord) async throws -> JSONView {
        let readable = try await rooms.readableRoom(room, by: user)
        return try rooms.content(of: try await rooms.event(event, in: readable))
    }

    /// What the user can read of the room, oldest first.
    func messages(in room: RoomID, for user: UserRecord) async throws -> [String] {
        let readable = try await rooms.readableRoom(room, by: user)
        var texts: [String] = []
        var from: TimelinePoint? = .start
        while let at = from {
            let page = try await rooms.page(
                of: readable, from: at, to: nil, direction: .forwards, limit: 100, matching: { _ in true })
            texts += page.events.compactMap { $0.event.content["body"]?.string }
            from = page.end
        }
        return texts
    }
}

struct NobodyIsNotified: NotificationPolicy {
    func decide(
        for event: Event, number: EventNID, in room: RoomRecord, members: [UserNID], state: RoomSnapshot
    ) async throws -> NotificationDecision { .silent }
}
