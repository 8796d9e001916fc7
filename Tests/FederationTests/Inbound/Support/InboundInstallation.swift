import ApusTesting
import Cluster
import Ephemeral
import Federation
import FederationAPI
import HTTPAPI
import MatrixCore
import Postgres
import Rooms
import Storage
import Telemetry
import Testing

/// A server of ours with a room that users of two other servers are in, and what these servers answer.
struct InboundInstallation: Sendable {
    static let serverName = ServerName("example.org")!

    let pool: PostgresPool
    let telemetry = Telemetry(
        log: .discarding, metrics: MetricsRegistry(), clock: SystemClock(), random: SystemRandomSource())
    let one: PeerArchive
    let two: PeerArchive
    let network: PeerNetwork
    let installation: Installation
    let worker: InboundWorker

    static func with(_ body: (InboundInstallation) async throws -> Void) async throws {
        try await MigratedDatabase.with(serverName.description) { database in
            let installation = try await InboundInstallation(pool: database.pool())
            do { try await body(installation) } catch {
                await installation.pool.close()
                throw error
            }
            await installation.pool.close()
        }
    }

    private init(pool: PostgresPool) async throws {
        self.pool = pool
        one = PeerArchive(try PeerServer("one.example:8448"))
        two = PeerArchive(try PeerServer("two.example:8448"))
        // Nobody has heard of the third: it has a key, and no room.
        network = PeerNetwork([one, two, PeerArchive(try PeerServer("three.example:8448"))])
        installation = try #require(try await LogStore(pool: pool).installation())
        worker = try await InboundWorker(pool, installation, network, telemetry)
    }

    /// One more worker on the database.
    func anotherWorker() async throws -> InboundWorker {
        try await InboundWorker(pool, installation, network, telemetry)
    }

    /// A public room of ours with a user of each of the two servers.
    func room(_ version: RoomVersion = .default) async throws -> InboundRoom {
        try await InboundRoom(self, version)
    }
}

/// What one worker takes transactions in with.
struct InboundWorker: Sendable {
    let rooms: RoomService
    let typing: Typing
    let receipts: ReceiptStore
    let staged: InboundEventStore
    let receiver: TransactionReceiver
    let services: InboundServices

    init(
        _ pool: PostgresPool, _ installation: Installation, _ network: PeerNetwork, _ telemetry: Telemetry
    ) async throws {
        let feed = try await LogFeed.start(
            installation: installation, store: LogStore(pool: pool), hints: NoHints(), telemetry: telemetry)
        let interning = Interning(pool: pool, shardCount: installation.shardCount)
        let memberships = MembershipStore(pool: pool)
        let reader = RoomReader(
            store: RoomStore(pool: pool), eventStore: EventStore(pool: pool), interning: interning,
            memberships: memberships, feed: feed)
        let name = InboundInstallation.serverName
        let key = try #require(SigningKey(version: "a", seed: Array(repeating: 7, count: 32)))
        let writing = RoomWriting(
            reader: reader, numbers: NumberBlocks(pool: pool), feed: feed,
            server: LocalServer(name: name, signingKey: key), localServerNID: try await interning.server(name),
            notifications: NobodyListens(), telemetry: telemetry)
        rooms = RoomService(writing: writing, profiles: ProfileStore(pool: pool), remote: nil) { _, _ in nil }
        let watches = UserWatches(
            feed: feed, memberships: memberships, timeouts: Timeouts(clock: telemetry.clock), clock: telemetry.clock)
        typing = Typing(
            bus: EphemeralBus(incarnation: 1, hints: NoHints(), clock: telemetry.clock), watches: watches,
            clock: telemetry.clock)
        receipts = ReceiptStore(pool: pool)
        staged = InboundEventStore(pool: pool)
        let client = FederationClient(
            serverName: name, signingKey: key,
            finder: ServerFinder(
                outbound: network, resolver: network, clock: telemetry.clock, random: telemetry.random),
            outbound: network)
        let verifier = EventVerifier(serverName: name, ownKeys: OwnKeys(current: key), keys: network)
        services = InboundServices(
            rooms: rooms, staged: staged, verifier: verifier, client: client,
            states: RemoteState(rooms: rooms, client: client, verifier: verifier, telemetry: telemetry),
            typing: typing,
            receipts: Receipts(rooms: rooms, store: receipts, feed: feed, clock: telemetry.clock),
            telemetry: telemetry)
        receiver = TransactionReceiver(services)
    }

    /// Sends a transaction as a server would, whose request was authenticated already.
    ///
    /// - Returns: what is told of the events that were not handled.
    @discardableResult
    func receive(
        _ pdus: [JSONValue], edus: [JSONValue] = [], id: String = "1", from origin: PeerServer
    ) async throws -> [EventID: String?] {
        let body: JSONValue = ["origin": .string(origin.name.description), "pdus": .array(pdus), "edus": .array(edus)]
        let bytes = body.canonicalBytes
        let transaction = try Transaction(JSONFields(of: JSONDocument(parsing: bytes).root, named: "body"))
        return try await receiver.receive(transaction, id: id, body: bytes, from: origin.name).failures
    }

    @discardableResult
    func receive(
        _ events: [Event], id: String = "1", from origin: PeerServer
    ) async throws -> [EventID: String?] {
        try await receive(events.map { $0.json.value() }, id: id, from: origin)
    }
}

struct InboundRoom {
    let home: InboundInstallation
    let record: RoomRecord
    let alice: UserRecord
    let bob: UserID
    let carol: UserID
    var view: PeerView

    init(_ home: InboundInstallation, _ version: RoomVersion) async throws {
        self.home = home
        let rooms = home.worker.rooms
        let reader = rooms.reader
        alice = try await reader.interning.user(try #require(UserID("@alice:example.org")))
        var creation = RoomCreation(version: version)
        creation.preset = .publicChat
        let roomID = try await rooms.create(creation, by: alice, aliases: nil)
        record = try #require(try await reader.room(roomID))
        bob = try home.one.server.user("bob")
        carol = try home.two.server.user("carol")
        let head = try #require(try await reader.store.head(of: record.nid))
        let state = try await reader.snapshot(of: record, at: head.state).allEvents().map(\.event)
        let tips = try await reader.events.events(head.extremities, in: record).values.map(\.event)
        view = PeerView(roomID: roomID, version: version, state: state, tips: tips)
        for (user, server) in [(bob, home.one.server), (carol, home.two.server)] {
            guard case .written = try await rooms.write(.remote(try view.join(user, of: server)), in: record) else {
                throw TestingError("\(user) could not join")
            }
        }
        for peer in [home.one, home.two] { peer.keep(Array(view.state.values)) }
    }

    /// What Alice reads, oldest first.
    func messages() async throws -> [String] {
        let rooms = home.worker.rooms
        let readable = try await rooms.readableRoom(record.roomID, by: alice)
        let page = try await rooms.page(
            of: readable, from: .start, to: nil, direction: .forwards, limit: 500, matching: { _ in true })
        return page.events.compactMap { $0.event.content["body"]?.string }
    }

    /// Waits until Alice reads these messages, while workers work off what waits.
    func waitFor(_ messages: [String], working workers: [InboundWorker]) async throws {
        try await working(workers) { try await eventually { try await self.messages() == messages } }
    }

    /// Runs the duty on the shard of the room for the time of `body`.
    func working(_ workers: [InboundWorker], _ body: () async throws -> Void) async throws {
        let timeouts = Timeouts(clock: home.telemetry.clock)
        let runners = workers.enumerated().map { number, worker in
            DutyRunner(
                duty: InboundDuty(worker.services, shardCount: home.installation.shardCount), worker: "w\(number)",
                leases: LeaseStore(pool: home.pool), timeouts: timeouts, telemetry: home.telemetry)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await timeouts.run() }
            for runner in runners { group.addTask { await runner.run() } }
            defer { group.cancelAll() }
            try await body()
            // Slots that are given back need not run out before somebody else may have them.
            for runner in runners {
                runner.stop()
                try await eventually { runner.slots.isEmpty }
            }
        }
    }

    func isEmpty() async throws -> Bool { try await home.worker.staged.count(of: record.roomID) == 0 }
}
