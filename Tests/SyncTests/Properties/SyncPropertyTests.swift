import ApusTesting
import Cluster
import Ephemeral
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Sync
import Telemetry
import Testing

/// Whatever happens in rooms, through whichever workers, and however clients ask: what each has put together is the server's state
/// and the timeline that its user may see, each event once.
struct SyncPropertyTests {
    @Test(arguments: (1...6).map { UInt64($0) })
    func clientsPutTogetherWhatTheyMaySee(seed: UInt64) async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { one in
                try await installation.withWorker { two in
                    var run = try await FollowingRun(seed: seed, [one, two])
                    for _ in 0..<220 { try await run.step() }
                    try await run.finish()
                    // A worker that has just begun knows nothing but what is stored.
                    try await installation.withWorker { [run] cold in
                        var run = run
                        try await run.finish(through: cold)
                    }
                }
            }
        }
    }
}

/// Users who act at random, with clients that follow at random.
private struct FollowingRun: Sendable {
    private let seed: UInt64
    private let random: SeededRandomSource
    private let workers: [TestWorker]
    private let owner: UserRecord
    private let users: [UserRecord]
    private let rooms: [RoomID]
    /// Whom the first of the users does not want to hear.
    private var ignored: (by: UserID, whom: UserID) { (users[0].userID, users[1].userID) }
    private var clients: [any FollowingClient] = []
    /// What clients were before their last answers, which may get lost.
    private var earlier: [Int: any FollowingClient] = [:]

    init(seed: UInt64, _ workers: [TestWorker]) async throws {
        self.seed = seed
        self.workers = workers
        random = SeededRandomSource(seed: seed)
        let worker = workers[0]
        owner = try await worker.user("owner")
        users = [try await worker.user("a"), try await worker.user("b"), try await worker.user("c")]
        var rooms: [RoomID] = []
        for number in 0..<3 {
            rooms.append(try await worker.room(by: owner, members: number == 0 ? users : [], name: "Room \(number)"))
        }
        self.rooms = rooms
        try await set("m.ignored_user_list", to: #"{"ignored_users":{"\#(users[1].userID)":{}}}"#, of: users[0])
        for user in users {
            for number in 0..<3 {
                clients.append(
                    SyncClient(
                        user, device: "D\(number)", isLazy: number == 1, usesStateAfter: random.number(below: 2) == 0,
                        limit: 1 + Int(random.number(below: 7)), onlyMessages: number == 2))
            }
        }
    }

    private var worker: TestWorker { any(workers) }
    private func any<Element>(_ elements: [Element]) -> Element {
        elements[Int(random.number(below: UInt64(elements.count)))]
    }

    // MARK: What happens

    mutating func step() async throws {
        if random.number(below: 5) < 2 { try await follow() } else { try await act() }
    }

    private mutating func follow() async throws {
        let index = Int(random.number(below: UInt64(clients.count)))
        // An answer got lost: the client asks again from where it was.
        if random.number(below: 5) == 0, let before = earlier[index] { clients[index] = before }
        earlier[index] = clients[index]
        try await clients[index].follow(through: worker)
    }

    private func act() async throws {
        let (room, user, worker) = (any(rooms), any(users), worker)
        // Who may not do something is refused; the others' turn comes.
        switch random.number(below: 16) {
        case 0, 1: try await permitted { try await worker.rooms.join(room, as: user) }
        case 2: try await permitted { try await worker.rooms.leave(room, as: user) }
        case 3: try await permitted { try await worker.rooms.kick(user.userID, from: room, by: owner, reason: nil) }
        case 4: try await permitted { try await worker.rooms.invite(user.userID, to: room, by: owner) }
        case 5: try await permitted { try await worker.rooms.ban(user.userID, from: room, by: owner, reason: nil) }
        case 6: try await permitted { try await worker.rooms.unban(user.userID, from: room, by: owner, reason: nil) }
        case 7: try await worker.set(EventType.topic, to: ["topic": .string("\(random.next())")], in: room, as: owner)
        case 8:
            let name = any(["shared", "invited", "joined"])
            try await worker.set(
                EventType.historyVisibility, to: ["history_visibility": .string(name)], in: room, as: owner)
        case 9:
            try await permitted {
                try await worker.set(
                    EventType.member, user.userID.description,
                    to: ["membership": "join", "displayname": .string("\(random.next())")], in: room, as: user)
            }
        case 10: try await set("org.example", to: #"{"n":\#(random.number(below: 1000))}"#, of: user)
        case 11:
            try await permitted {
                let id = try await worker.say("read", in: room, as: user)
                try await worker.receipts.update(
                    Receipts.Update(read: id, thread: any([.unthreaded, .main])), by: user, in: room)
            }
        case 12:
            let id = try await worker.say("wrong", in: room, as: owner)
            _ = try await worker.rooms.redact(
                id, in: room, by: owner, reason: nil, device: "D", transactionID: "\(random.next())")
        default: try await permitted { try await worker.say("\(random.next())", in: room, as: any([user, owner])) }
        }
    }

    private func permitted(_ body: () async throws -> some Any) async throws {
        do { _ = try await body() } catch let error as MatrixError {
            #expect((400..<404).contains(error.status), "seed \(seed): \(error)")
        }
    }

    private func set(_ type: String, to content: String, of user: UserRecord) async throws {
        let worker = workers[0]
        let outcome = try await worker.accountData.set(type, in: nil, of: user, to: Array(content.utf8), now: 1)
        if case .written(let position?) = outcome { worker.feed.announce(.accountData, at: position, user: user.nid) }
    }

    // MARK: What must be true

    /// Lets all clients catch up, and compares.
    mutating func finish(through only: TestWorker? = nil) async throws {
        var truths: [RoomID: RoomTruth] = [:]
        for room in rooms { truths[room] = try await RoomTruth(room, workers[0]) }
        for index in clients.indices {
            try await clients[index].follow(through: only ?? worker)
            for room in rooms {
                if let truth = truths[room] { try await compare(clients[index], room, truth) }
            }
            let data = try await workers[0].accountData.all(of: clients[index].user.nid)
            for record in data where record.roomNID == nil {
                let content = record.content.flatMap { try? JSONValue(parsing: $0) }
                #expect(clients[index].accountData[record.type] == content, "seed \(seed)")
            }
        }
    }

    private func compare(_ client: any FollowingClient, _ roomID: RoomID, _ truth: RoomTruth) async throws {
        let (name, who) = (roomID.description, client.user.userID)
        let note = "seed \(seed), client \(client.name) of \(who) in \(name)"
        let membership = truth.membership(of: who)
        #expect(client.joined.contains(name) == (membership == .join), "\(note)")
        let inviteIsShown = membership == .invite
        #expect(client.invited.contains(name) == inviteIsShown, "\(note)")
        guard let room = client.rooms[name] else {
            #expect(membership != .join, "\(note)")
            return
        }
        let visible = truth.timeline(
            for: who, ignoring: who == ignored.by ? ignored.whom : nil, matching: client.wants)
        for piece in room.pieces {
            #expect(Self.isStretch(piece, of: visible), "\(piece) of \(visible), \(note)")
        }
        guard membership == .join else { return }
        let last = room.pieces.last ?? []
        #expect(Array(visible.suffix(last.count)) == last, "\(last) at the end of \(visible), \(note)")
        if client.isLazy {
            let (members, others) = Self.parted(room.state)
            #expect(others == Self.parted(truth.state).others, "\(note)")
            for (key, content) in members { #expect(content == truth.state[key], "\(key), \(note)") }
            for sender in room.senders { #expect(members["m.room.member|\(sender)"] != nil, "\(sender), \(note)") }
        } else {
            #expect(room.state == truth.state, "\(note)")
        }
        try await compareReceipts(client, room, roomID, note)
    }

    private func compareReceipts(
        _ client: any FollowingClient, _ room: FollowedRoom, _ roomID: RoomID, _ note: String
    ) async throws {
        let record = try await workers[0].base.record(roomID)
        let stored = try await ReceiptStore(pool: workers[0].pool).changes(
            in: [(room: record.nid, since: 0, head: .max)], for: client.user.nid)
        let names = try await workers[0].base.interning.users(stored.map(\.userNID))
        for receipt in stored {
            let user = names[receipt.userNID]?.userID.description ?? ""
            let key = "\(user)|\(receipt.kind.name)|\(receipt.thread.id ?? "")"
            #expect(room.receipts[key] == receipt.eventID.description, "\(key), \(note)")
        }
    }

    private static func parted(
        _ state: [String: JSONValue]
    ) -> (members: [String: JSONValue], others: [String: JSONValue]) {
        (
            state.filter { $0.key.hasPrefix("m.room.member|") }, state.filter { !$0.key.hasPrefix("m.room.member|") }
        )
    }

    /// Whether the elements stand in the whole one after the other, without anything between.
    private static func isStretch(_ piece: [String], of whole: [String]) -> Bool {
        guard let first = piece.first else { return true }
        guard let start = whole.firstIndex(of: first) else { return false }
        return Array(whole.dropFirst(start).prefix(piece.count)) == piece
    }
}
