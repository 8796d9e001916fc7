import ApusTesting
import Cluster
import Ephemeral
import Federation
import FederationAPI
import HTTPAPI
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Telemetry
import Testing

/// A server of ours with a room that users of two other servers are in, and what these servers answer.
struct InboundInstallation: Sendable {
    static let serverName = ServerName("example.org")!

    let pool: PostgresPool
    let telemetry = Telemetry.silent()
    let one: PeerArchive
    let two: PeerArchive
    let network: PeerNetwork
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
        worker = try await InboundWorker(pool, network, telemetry)
    }

    /// One more worker on the database.
    func anotherWorker() async throws -> InboundWorker {
        try await InboundWorker(pool, network, telemetry)
    }

    /// A public room of ours with a user of each of the two servers.
    func room(_ version: RoomVersion = .default) async throws -> InboundRoom {
        try await InboundRoom(self, version)
    }
}

/// What one worker takes transactions in with.
struct InboundWorker: Sendable {
    let base: RoomsWorker
    let typing: Typing
    let presence: Presence
    let receipts: ReceiptStore
    let staged: InboundEventStore
    let receiver: TransactionReceiver
    let services: InboundServices

    var rooms: RoomService { base.rooms }

    init(_ pool: PostgresPool, _ network: PeerNetwork, _ telemetry: Telemetry) async throws {
        base = try await RoomsWorker(pool: pool, telemetry: telemetry)
        let (name, key, rooms) = (base.serverName, base.key, base.rooms)
        let ephemeral = EphemeralParts(base)
        typing = ephemeral.typing
        presence = ephemeral.presence.presence
        receipts = ephemeral.receiptStore
        staged = InboundEventStore(pool: pool)
        let client = FederationClient(
            serverName: name, signingKey: key,
            finder: ServerFinder(
                outbound: network, resolver: network, clock: telemetry.clock, random: telemetry.random),
            outbound: network)
        let verifier = EventVerifier(serverName: name, ownKeys: OwnKeys(current: key), keys: network)
        var services = InboundServices(
            rooms: rooms, staged: staged, verifier: verifier, client: client,
            states: RemoteState(rooms: rooms, client: client, verifier: verifier, telemetry: telemetry),
            typing: typing,
            receipts: ephemeral.receipts,
            telemetry: telemetry)
        services.presence = presence
        self.services = services
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
        alice = try await home.worker.base.user("alice")
        let roomID = try await home.worker.base.room(by: alice, version: version)
        record = try await home.worker.base.record(roomID)
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
        try await home.worker.base.messages(in: record.roomID, for: alice)
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
                duty: InboundDuty(worker.services, shardCount: worker.base.installation.shardCount),
                worker: "w\(number)",
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
