import ApusTesting
import Encryption
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Sync
import Telemetry
import Testing

/// Whatever users of this and other servers do, on whichever worker: every client that looks at devices when it is told to ends with
/// the true lists, and nobody hears of changes of users with whom they share no room. That somebody left may be told of whoever was
/// in a room of theirs, though they were away just then.
@Suite(.serialized) struct DeviceListPropertyTests {
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func clientsEndWithTheTrueLists(_ seed: UInt64) async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { one in
                try await installation.withWorker { two in
                    var world = try await DeviceListWorld(seed: seed, [one, two])
                    for _ in 0..<60 { try await world.act() }
                    // One that knows nothing of what was before: it answers from the database.
                    let half = world
                    try await installation.withWorker { three in
                        var world = half
                        world.workers.append(three)
                        for _ in 0..<60 { try await world.act() }
                        try await world.end()
                    }
                }
            }
        }
    }
}

/// Users, rooms and clients of one run.
private struct DeviceListWorld: Sendable {
    private static let peer = ServerName("peer.example")!

    let seed: UInt64
    let random: SeededRandomSource
    var workers: [TestWorker]
    private let owner: UserRecord
    private let locals: [UserRecord]
    private let remotes: [UserRecord]
    private var truth: DeviceListTruth
    private var clients: [DeviceListClient] = []
    /// Earlier states of the clients.
    private var past: [DeviceListClient]
    /// Who was ever in which room.
    private var inside: [RoomID: Set<String>] = [:]
    private var stream: Int64 = 0

    init(seed: UInt64, _ workers: [TestWorker]) async throws {
        self.seed = seed
        self.workers = workers
        random = SeededRandomSource(seed: seed)
        let worker = workers[0]
        owner = try await worker.user("owner")
        var (locals, remotes): ([UserRecord], [UserRecord]) = ([], [])
        for name in ["a", "b", "c", "d"] { locals.append(try await worker.user(name)) }
        for name in ["r", "s"] {
            remotes.append(try await worker.base.interning.user(UserID("@\(name):\(Self.peer)")!))
        }
        (self.locals, self.remotes) = (locals, remotes)
        var rooms: [RoomID] = []
        // The owner shares rooms with everybody, so rooms are of several owners.
        for number in 0..<4 {
            rooms.append(try await worker.room(by: number % 2 == 0 ? owner : locals[3]))
        }
        truth = DeviceListTruth(rooms: rooms)
        for (index, user) in locals.enumerated() {
            clients.append(DeviceListClient(user, .sync))
            clients.append(DeviceListClient(user, index % 2 == 0 ? .sliding : .sometimesSliding))
        }
        past = clients
        for index in clients.indices { try await follow(index) }
        past = clients
    }

    private func number(_ limit: Int) -> Int { Int(random.number(below: UInt64(limit))) }
    private func any<Element>(_ elements: [Element]) -> Element { elements[number(elements.count)] }

    private mutating func note() async throws {
        for room in truth.rooms {
            inside[room, default: []].formUnion(try await truth.members(of: room, workers[0]))
        }
    }

    /// Who was ever in a room in which a user was.
    private func met(_ user: UserRecord) -> Set<String> {
        inside.values.filter { $0.contains(user.name) }.reduce(into: []) { $0.formUnion($1) }
    }

    private mutating func follow(_ index: Int) async throws {
        try await note()
        try await clients[index].follow(
            through: any(workers), truth, met: met(clients[index].user), asks: number(2) == 0, seed: seed)
    }

    mutating func act() async throws {
        let (worker, room, user) = (any(workers), any(truth.rooms), any(locals))
        switch number(16) {
        case 0, 1, 2: try await permitted { try await worker.rooms.join(room, as: user) }
        case 3, 4: try await permitted { try await worker.rooms.leave(room, as: user) }
        case 5: try await permitted { try await worker.rooms.kick(user.userID, from: room, by: owner, reason: nil) }
        case 6:
            try await permitted { try await worker.rooms.ban(user.userID, from: room, by: owner, reason: nil) }
            if number(2) == 0 { try await note() }
            try await permitted { try await worker.rooms.unban(user.userID, from: room, by: owner, reason: nil) }
        case 7: try await permitted { try await worker.rooms.invite(user.userID, to: room, by: owner) }
        case 8:
            try await permitted {
                try await worker.set(
                    EventType.member, user.name,
                    to: ["membership": "join", "displayname": .string("\(random.next())")], in: room, as: user)
            }
        case 9, 10:
            try await worker.changeDevices(of: user)
            truth.change(user.name)
        case 11: try await move(any(remotes), in: room, worker)
        case 12: try await change(any(remotes), worker)
        case 13:
            // The answer was lost.
            let index = number(clients.count)
            clients[index] = past[index]
        default:
            let index = number(clients.count)
            past[index] = clients[index]
            try await follow(index)
        }
        try await note()
    }

    private func permitted(_ body: () async throws -> some Any) async throws {
        do { _ = try await body() } catch let error as MatrixError {
            #expect((400..<405).contains(error.status), "seed \(seed): \(error)")
        }
    }

    /// A user of another server comes or goes, as if the event had come from there.
    private func move(_ user: UserRecord, in room: RoomID, _ worker: TestWorker) async throws {
        let draft = try EventDraft(
            sender: user, type: EventType.member, stateKey: user.name,
            content: ["membership": .string(number(3) == 0 ? "leave" : "join")])
        try await permitted {
            try await worker.rooms.write(.local([draft]), in: try await worker.base.record(room))
        }
    }

    /// The server of a user tells of changed devices, whether anybody here wants to know or not.
    private mutating func change(_ user: UserRecord, _ worker: TestWorker) async throws {
        let lists = RemoteDeviceLists(
            store: RemoteDeviceStore(pool: worker.pool, own: worker.rooms.writing.localServerNID),
            interning: worker.base.interning, feed: worker.feed, clock: worker.base.telemetry.clock)
        stream += 1
        var news = RemoteDeviceLists.News(from: Self.peer)
        let update: JSONValue = [
            "user_id": .string(user.name), "device_id": "D", "stream_id": .integer(stream),
            "prev_id": [.integer(stream - 1)],
        ]
        #expect(news.add("m.device_list_update", try JSONDocument(parsing: update.canonicalBytes).root) == true)
        try await lists.receive(news)
        truth.change(user.name)
    }

    mutating func end() async throws {
        for index in clients.indices {
            try await follow(index)
            try await clients[index].follow(
                through: any(workers), truth, met: met(clients[index].user), asks: true, seed: seed)
            try await clients[index].expectTruth(truth, workers[0], seed: seed)
        }
    }
}
