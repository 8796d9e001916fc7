import ApusTesting
import Cluster
import DeviceMessages
import Encryption
import Ephemeral
import Federation
import FederationAPI
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Telemetry
import Testing

/// A migrated database and one worker on it that writes rooms, and may send to other servers.
struct SenderFixture: Sendable {
    static let serverName = ServerName("example.org")!

    let worker: RoomsWorker
    let typing: Typing
    let presence: VisiblePresence
    let joined: JoinedRooms
    let receipts: Receipts
    let destinations: DestinationStore
    let federation = FakeFederation()
    /// The time of the sending alone: of pauses and of what is written about servers.
    let clock = ManualClock()
    let sending: Telemetry
    let heard: HeardServers
    let toDevice: ToDeviceSending
    let stored: OutgoingEDUStore

    var pool: PostgresPool { worker.pool }
    var feed: LogFeed { worker.feed }
    var timeouts: Timeouts { worker.timeouts }
    var rooms: RoomService { worker.rooms }
    var telemetry: Telemetry { worker.telemetry }

    static func with(_ body: (SenderFixture) async throws -> Void) async throws {
        try await RoomsWorker.with(serverName.description) { try await body(SenderFixture($0)) }
    }

    private init(_ worker: RoomsWorker) {
        self.worker = worker
        sending = .silent(clock: clock, random: SeededRandomSource(seed: 1))
        let ephemeral = EphemeralParts(worker)
        typing = ephemeral.typing
        presence = ephemeral.presence
        joined = ephemeral.joined
        receipts = ephemeral.receipts
        destinations = DestinationStore(pool: worker.pool)
        stored = OutgoingEDUStore(pool: worker.pool)
        toDevice = ToDeviceSending(
            serverName: worker.serverName, store: DeviceMessageStore(pool: worker.pool), interning: worker.interning,
            feed: worker.feed, isFederating: true, telemetry: worker.telemetry)
        heard = HeardServers(
            store: destinations, installation: worker.installation, hints: NoHints(), telemetry: sending)
    }

    // MARK: Rooms

    func user(_ name: String) async throws -> UserRecord { try await worker.user(name) }

    /// A user of another server, such as `b`.
    func user(_ name: String, on host: String) async throws -> UserRecord {
        try await rooms.reader.interning.user(UserID("@\(name):\(host).example:8448")!)
    }

    /// A public room of a local user.
    func room(by creator: UserRecord) async throws -> RoomID { try await worker.room(by: creator) }

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
        try await worker.say(text, in: room, as: user)
    }

    func draft(_ text: String, by user: UserRecord) throws -> EventDraft { try worker.message(text, by: user) }

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
        var services = SenderServices(
            rooms: rooms, receipts: ReceiptStore(pool: pool), typing: typing, destinations: destinations,
            heard: heard, feed: feed, client: client, timeouts: timeouts, telemetry: sending)
        services.presence = presence
        let store = OwnDeviceStore(pool: pool)
        let lists = OwnDeviceLists(
            store: store, keys: DeviceKeyStore(pool: pool), interning: worker.interning, serverName: Self.serverName,
            namesDevices: true)
        services.durable = [
            DeviceListMessages(services, lists: lists, store: store, joined: joined), StoredMessages(store: stored),
        ]
        services.introductions = DeviceIntroductions(
            lists: lists, store: store, own: rooms.writing.localServerNID)
        return FederationSender(services)
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
            while duty.begunSlots < duty.slotCount { try await Task.sleep(for: .milliseconds(10)) }
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
