import ApusTesting
import Cluster
import HTTPAPI
import MatrixCore
import NIOPosix
import Postgres
import Push
import Rooms
import Storage
import Telemetry
import Transport

/// A migrated database and one worker on it that decides whom events notify, and may send it.
struct PushFixture: Sendable {
    static let serverName = ServerName("example.org")!

    let pool: PostgresPool
    let feed: LogFeed
    let timeouts: Timeouts
    let interning: Interning
    let rooms: RoomService
    let rules: PushRules
    let pushers: Pushers
    let store: PusherStore
    let notifications: Notifications
    let telemetry: Telemetry

    static func with(_ body: (PushFixture) async throws -> Void) async throws {
        try await MigratedDatabase.with { database in
            let fixture = try await PushFixture(pool: database.pool())
            do { try await body(fixture) } catch {
                await fixture.pool.close()
                throw error
            }
            await fixture.pool.close()
        }
    }

    private init(pool: PostgresPool) async throws {
        self.pool = pool
        telemetry = Telemetry(
            log: .discarding, metrics: MetricsRegistry(), clock: SystemClock(), random: SystemRandomSource())
        let store = LogStore(pool: pool)
        guard let installation = try await store.installation() else { throw TestingError("not installed") }
        feed = try await LogFeed.start(
            installation: installation, store: store, hints: NoHints(), telemetry: telemetry)
        timeouts = Timeouts(clock: telemetry.clock)
        interning = Interning(pool: pool, shardCount: installation.shardCount)
        let memberships = MembershipStore(pool: pool)
        let ruleStore = PushRuleStore(pool: pool)
        notifications = Notifications(
            rules: ruleStore, accountData: AccountDataStore(pool: pool), memberships: memberships,
            interning: interning, feed: feed)
        let reader = RoomReader(
            store: RoomStore(pool: pool), eventStore: EventStore(pool: pool), interning: interning,
            memberships: memberships, feed: feed)
        let key = SigningKey(version: "a", seed: Array(repeating: 7, count: 32))!
        let writing = RoomWriting(
            reader: reader, numbers: NumberBlocks(pool: pool), feed: feed,
            server: LocalServer(name: Self.serverName, signingKey: key),
            localServerNID: try await interning.server(Self.serverName), notifications: notifications,
            telemetry: telemetry)
        rooms = RoomService(writing: writing, profiles: ProfileStore(pool: pool), remote: nil) { _, _ in nil }
        rules = PushRules(store: ruleStore, interning: interning, feed: feed, telemetry: telemetry)
        self.store = PusherStore(pool: pool)
        pushers = Pushers(store: self.store, telemetry: telemetry)
    }

    // MARK: What tests do often

    func user(_ name: String) async throws -> UserRecord { try await interning.user(UserID("@\(name):example.org")!) }

    /// A public room with these members, made by the first.
    func room(_ members: UserRecord...) async throws -> RoomID {
        var creation = RoomCreation(version: .default)
        creation.preset = .publicChat
        creation.name = "A room"
        let room = try await rooms.create(creation, by: members[0], aliases: nil)
        for member in members.dropFirst() {
            _ = try await rooms.join(room, as: member)
        }
        return room
    }

    @discardableResult
    func send(
        _ content: JSONValue, type: String = EventType.message, to room: RoomID, as user: UserRecord
    ) async throws -> EventID {
        try await rooms.send(try EventDraft(sender: user, type: type, content: content), to: room)
    }

    func text(_ body: String) -> JSONValue { ["msgtype": "m.text", "body": .string(body)] }

    /// Whether the event notifies and highlights the user, by what was written with it.
    func notified(_ user: UserRecord, of event: EventID, in room: RoomID) async throws -> (Bool, Bool) {
        let record = try await rooms.joinedRoom(room, as: user)
        let stored = try await rooms.reader.events.event(event, in: record)!.stored
        let before = UnreadQuestion(roomNID: record.nid, floor: stored.position - 1, head: stored.position)
        let count = try await ReceiptStore(pool: pool).unread(of: user.nid, in: [before])[record.nid]
        return ((count?.notifications ?? 0) > 0, (count?.highlights ?? 0) > 0)
    }

    func setPusher(_ gateway: TestGateway, of user: UserRecord, key: String = "key", format: String? = nil) async throws
    {
        var data: JSONValue = ["url": .string(gateway.url), "custom": 1]
        if let format { data["format"] = .string(format) }
        try await pushers.set(
            NewPusher(
                appID: "app", pushkey: key, kind: "http", appDisplayName: "App", deviceDisplayName: "Phone",
                profileTag: nil, language: "en", data: try JSONDocument(parsing: data.canonicalBytes).root,
                append: true), of: user.nid, device: nil)
    }

    /// Runs the duty of sending for the time of `body`, as one worker would.
    func sending(_ body: () async throws -> Void) async throws {
        var configuration = OutboundConfiguration()
        configuration.addressPolicy = AddressPolicy(allowsPrivateAddresses: true)
        let client = try OutboundClient(
            configuration, resolver: SystemResolver(), eventLoopGroup: .singleton, telemetry: telemetry)
        let duty = PushDuty(
            PushServices(
                notifications: notifications, pushers: store, receipts: ReceiptStore(pool: pool), rooms: rooms,
                feed: feed, requests: client, telemetry: telemetry))
        let runner = DutyRunner(
            duty: duty, worker: "push", leases: LeaseStore(pool: pool), timeouts: timeouts, telemetry: telemetry)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [timeouts] in await timeouts.run() }
            let feed = self.feed
            group.addTask { await feed.run() }
            group.addTask { await runner.run() }
            defer { group.cancelAll() }
            while runner.slots.count < duty.slotCount { try await Task.sleep(for: .milliseconds(10)) }
            try await body()
            runner.stop()
            while !runner.slots.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        }
        client.shutDown()
    }
}
