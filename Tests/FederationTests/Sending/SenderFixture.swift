import ApusTesting
import Cluster
import Ephemeral
import Federation
import FederationAPI
import MatrixCore
import Postgres
import Rooms
import Storage
import Telemetry
import Testing

/// A migrated database and one worker on it that writes rooms, and may send to other servers.
struct SenderFixture: Sendable {
    static let serverName = ServerName("example.org")!

    let pool: PostgresPool
    let feed: LogFeed
    let timeouts: Timeouts
    let rooms: RoomService
    let typing: Typing
    let receipts: Receipts
    let destinations: DestinationStore
    let federation = FakeFederation()
    /// The time of the sending alone: of pauses and of what is written about servers.
    let clock = ManualClock()
    let telemetry: Telemetry
    let sending: Telemetry
    let heard: HeardServers

    static func with(_ body: (SenderFixture) async throws -> Void) async throws {
        try await MigratedDatabase.with(serverName.description) { database in
            let fixture = try await SenderFixture(pool: database.pool())
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
        sending = Telemetry(
            log: .discarding, metrics: MetricsRegistry(), clock: clock, random: SeededRandomSource(seed: 1))
        let store = LogStore(pool: pool)
        guard let installation = try await store.installation() else { throw TestingError("not installed") }
        feed = try await LogFeed.start(
            installation: installation, store: store, hints: NoHints(), telemetry: telemetry)
        timeouts = Timeouts(clock: telemetry.clock)
        let interning = Interning(pool: pool, shardCount: installation.shardCount)
        let memberships = MembershipStore(pool: pool)
        let reader = RoomReader(
            store: RoomStore(pool: pool), eventStore: EventStore(pool: pool), interning: interning,
            memberships: memberships, feed: feed)
        let writing = RoomWriting(
            reader: reader, numbers: NumberBlocks(pool: pool), feed: feed,
            server: LocalServer(
                name: Self.serverName, signingKey: SigningKey(version: "a", seed: Array(repeating: 7, count: 32))!),
            localServerNID: try await interning.server(Self.serverName), notifications: NobodyListens(),
            telemetry: telemetry)
        rooms = RoomService(writing: writing, profiles: ProfileStore(pool: pool), remote: nil) { _, _ in nil }
        let watches = UserWatches(
            feed: feed, memberships: memberships, timeouts: timeouts, clock: telemetry.clock)
        typing = Typing(
            bus: EphemeralBus(incarnation: 1, hints: NoHints(), clock: telemetry.clock), watches: watches,
            clock: telemetry.clock)
        receipts = Receipts(
            rooms: rooms, store: ReceiptStore(pool: pool), feed: feed, clock: telemetry.clock)
        destinations = DestinationStore(pool: pool)
        heard = HeardServers(
            store: destinations, installation: installation, hints: NoHints(), telemetry: sending)
    }

    // MARK: Rooms

    func user(_ name: String) async throws -> UserRecord {
        try await rooms.reader.interning.user(UserID("@\(name):example.org")!)
    }

    /// A user of another server, such as `b`.
    func user(_ name: String, on host: String) async throws -> UserRecord {
        try await rooms.reader.interning.user(UserID("@\(name):\(host).example:8448")!)
    }

    /// A public room of a local user.
    func room(by creator: UserRecord) async throws -> RoomID {
        var creation = RoomCreation(version: .default)
        creation.preset = .publicChat
        return try await rooms.create(creation, by: creator, aliases: nil)
    }

    /// Lets a user of another server join, as if its event had just come from there.
    func join(_ room: RoomID, _ user: UserRecord) async throws {
        try await write(.local([membership("join", of: user)]), in: room)
    }

    func leave(_ room: RoomID, _ user: UserRecord) async throws {
        try await write(.local([membership("leave", of: user)]), in: room)
    }

    private func membership(_ membership: String, of user: UserRecord) throws -> EventDraft {
        try EventDraft(
            sender: user, type: EventType.member, stateKey: user.userID.description,
            content: ["membership": .string(membership)])
    }

    func write(_ write: RoomWrite, in roomID: RoomID) async throws {
        let room = try #require(try await rooms.reader.room(roomID))
        guard case .written = try await rooms.write(write, in: room) else { throw TestingError("not written") }
    }

    @discardableResult
    func say(_ text: String, in room: RoomID, as user: UserRecord) async throws -> EventID {
        try await rooms.send(try draft(text, by: user), to: room)
    }

    func draft(_ text: String, by user: UserRecord) throws -> EventDraft {
        try EventDraft(sender: user, type: EventType.message, content: ["msgtype": "m.text", "body": .string(text)])
    }

    /// An event of another server's user that came to us by `send_join` or the like.
    func relayed(_ membership: String, of user: UserRecord, in roomID: RoomID) async throws -> Event {
        let room = try #require(try await rooms.reader.room(roomID))
        let state = try #require(try await rooms.reader.current(room))
        let head = try #require(try await rooms.reader.store.head(of: room.nid))
        let previous = try await rooms.reader.events.events(head.extremities, in: room).values
        let content: JSONValue = ["membership": .string(membership)]
        var builder = try EventBuilder(
            version: .default, roomID: roomID, type: EventType.member, stateKey: user.userID.description,
            sender: user.userID, content: content)
        let keys = AuthRules(version: .default).selection(
            type: EventType.member, stateKey: user.userID.description, sender: user.userID,
            content: try builder.contentDocument().root)
        let auth = try await state.events(keys)
        builder.prevEvents = previous.map(\.eventID)
        builder.depth = Event.depth(following: previous.map(\.event.depth), in: .default)
        builder.authEvents = keys.compactMap { auth[$0]?.eventID }
        builder.originServerTS = 1
        return try builder.signed(
            by: user.userID.serverName, with: SigningKey(version: "b", seed: Array(repeating: 8, count: 32))!)
    }

    // MARK: Sending

    func duty() -> FederationSender {
        let finder = ServerFinder(
            outbound: federation, resolver: federation, clock: clock, random: SeededRandomSource(seed: 2))
        let client = FederationClient(
            serverName: Self.serverName, signingKey: rooms.server.signingKey, finder: finder, outbound: federation)
        return FederationSender(
            SenderServices(
                rooms: rooms, receipts: ReceiptStore(pool: pool), typing: typing, destinations: destinations,
                heard: heard, feed: feed, client: client, timeouts: timeouts, telemetry: sending))
    }

    /// Runs the duty for the time of `body`, as one worker would that gives its slots back at the end.
    func sending(endsInOrder: Bool = true, _ body: () async throws -> Void) async throws {
        let duty = duty()
        let runner = DutyRunner(
            duty: duty, worker: "sender", leases: LeaseStore(pool: pool), timeouts: timeouts, telemetry: telemetry)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [timeouts] in await timeouts.run() }
            let feed = self.feed
            group.addTask { await feed.run() }
            group.addTask { await runner.run() }
            defer { group.cancelAll() }
            while runner.slots.count < duty.slotCount { try await Task.sleep(for: .milliseconds(10)) }
            try await body()
            guard endsInOrder else { return }
            runner.stop()
            while !runner.slots.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        }
    }

    /// Lets time pass for the sending, second by second.
    func pass(_ seconds: Int) async throws {
        for _ in 0..<seconds {
            clock.advance(by: .seconds(1))
            try await Task.sleep(for: .milliseconds(3))
        }
    }

    func record(_ host: String) async throws -> DestinationRecord? {
        try await destinations.record(of: ServerName("\(host):8448")!)
    }
}
