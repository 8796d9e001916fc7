import Ephemeral
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Telemetry
import Testing

/// Users who do at random what users do, through whichever worker.
struct RandomActivity: Sendable {
    let seed: UInt64
    let random: SeededRandomSource
    let workers: [TestWorker]
    let owner: UserRecord
    let users: [UserRecord]
    /// The last one is shared with another server.
    let rooms: [RoomID]
    private var talker: RemoteTalker
    /// Messages that others can answer to, or read up to.
    private var said: [RoomID: [EventID]] = [:]

    /// Whom the first of the users does not want to hear.
    var ignored: (by: UserID, whom: UserID) { (users[0].userID, users[1].userID) }

    init(seed: UInt64, _ workers: [TestWorker]) async throws {
        self.seed = seed
        self.workers = workers
        random = SeededRandomSource(seed: seed)
        let worker = workers[0]
        owner = try await worker.user("owner")
        users = [try await worker.user("a"), try await worker.user("b"), try await worker.user("c")]
        var rooms: [RoomID] = []
        for number in 0..<4 {
            let isInhabited = number == 0 || number == 3
            let version: RoomVersion = number == 3 && seed % 2 == 0 ? .v10 : .default
            rooms.append(
                try await worker.base.room(by: owner, members: isInhabited ? users : [], version: version) {
                    $0.name = "Room \(number)"
                })
        }
        self.rooms = rooms
        talker = try await RemoteTalker(rooms[3], of: owner, worker)
        try await worker.setAccountData(
            "m.ignored_user_list", of: users[0], to: #"{"ignored_users":{"\#(users[1].userID)":{}}}"#)
    }

    var worker: TestWorker { any(workers) }

    func any<Element>(_ elements: [Element]) -> Element {
        elements[Int(random.number(below: UInt64(elements.count)))]
    }

    mutating func act() async throws {
        let (room, user, worker) = (any(rooms), any(users), worker)
        // Who may not do something is refused; the others' turn comes.
        switch random.number(below: 24) {
        case 0, 1: try await permitted { try await worker.rooms.join(room, as: user) }
        case 2: try await permitted { try await worker.rooms.leave(room, as: user) }
        case 3: try await permitted { try await worker.rooms.kick(user.userID, from: room, by: owner, reason: nil) }
        case 4: try await permitted { try await worker.rooms.invite(user.userID, to: room, by: owner) }
        case 5: try await permitted { try await worker.rooms.ban(user.userID, from: room, by: owner, reason: nil) }
        case 6: try await permitted { try await worker.rooms.unban(user.userID, from: room, by: owner, reason: nil) }
        case 7, 8: try await changeRoom(room, worker)
        case 9:
            try await permitted {
                try await worker.set(
                    EventType.member, user.userID.description,
                    to: ["membership": "join", "displayname": .string("\(random.next())")], in: room, as: user)
            }
        case 10, 11: try await changeAccountData(of: user, room, worker)
        case 12, 13: try await read(room, user, worker)
        case 14: try await redact(room, worker)
        case 15: try await talker.look(worker)
        case 16, 17: try await talker.act(on: users, worker, random)
        default: try await say(room, any([user, owner]), worker)
        }
    }

    private func permitted(_ body: () async throws -> some Any) async throws {
        do { _ = try await body() } catch let error as MatrixError {
            #expect((400..<405).contains(error.status), "seed \(seed): \(error)")
        }
    }

    private func changeRoom(_ room: RoomID, _ worker: TestWorker) async throws {
        try await permitted {
            switch random.number(below: 4) {
            case 0:
                try await worker.set(EventType.topic, to: ["topic": .string("\(random.next())")], in: room, as: owner)
            case 1: try await worker.set(EventType.name, to: ["name": .string("\(random.next())")], in: room, as: owner)
            case 2: try await worker.set(EventType.joinRules, to: ["join_rule": "public"], in: room, as: owner)
            default:
                let name = any(["shared", "invited", "joined", "world_readable"])
                try await worker.set(
                    EventType.historyVisibility, to: ["history_visibility": .string(name)], in: room, as: owner)
            }
        }
    }

    private func changeAccountData(of user: UserRecord, _ room: RoomID, _ worker: TestWorker) async throws {
        let number = random.number(below: 1000)
        switch random.number(below: 4) {
        case 0: try await worker.setAccountData("org.example", of: user, to: #"{"n":\#(number)}"#)
        case 1: try await worker.setAccountData("org.example", in: room, of: user, to: #"{"n":\#(number)}"#)
        case 2:
            let tags = number % 2 == 0 ? #""m.favourite":{}"# : ""
            try await worker.setAccountData("m.tag", in: room, of: user, to: #"{"tags":{\#(tags)}}"#)
        default:
            let rooms = rooms.filter { _ in random.number(below: 3) == 0 }.map { #""\#($0)""# }.joined(separator: ",")
            try await worker.setAccountData("m.direct", of: user, to: #"{"\#(owner.userID)":[\#(rooms)]}"#)
        }
    }

    /// Says something: to all, in a thread, as an edit; sometimes so that it highlights somebody.
    private mutating func say(_ room: RoomID, _ user: UserRecord, _ worker: TestWorker) async throws {
        var more: [String: JSONValue] = [:]
        if let parent = said[room].map({ any($0) }) {
            let type: JSONValue? =
                switch random.number(below: 4) {
                case 0: "m.thread"
                case 1: "m.replace"
                default: nil
                }
            if let type { more["m.relates_to"] = ["rel_type": type, "event_id": .string(parent.description)] }
            if type == "m.replace" { more["m.new_content"] = ["msgtype": "m.text", "body": "better"] }
        }
        if random.number(below: 4) == 0 { more["highlights"] = .integer(any(users).nid.rawValue) }
        try await permitted {
            let id = try await worker.say("\(random.next())", in: room, as: user, more)
            said[room, default: []].append(id)
        }
    }

    private func read(_ room: RoomID, _ user: UserRecord, _ worker: TestWorker) async throws {
        guard let id = said[room].map({ any($0) }) else { return }
        let isPrivate = random.number(below: 3) == 0
        try await permitted {
            var thread = ReceiptThread.unthreaded
            let record = try await worker.base.record(room)
            if random.number(below: 2) == 0, let event = try await worker.rooms.reader.events.event(id, in: record) {
                thread = event.event.threadRoot.map { .thread(root: $0) } ?? .main
            }
            try await worker.receipts.update(
                Receipts.Update(read: isPrivate ? nil : id, readPrivate: isPrivate ? id : nil, thread: thread),
                by: user, in: room)
        }
    }

    private func redact(_ room: RoomID, _ worker: TestWorker) async throws {
        guard let id = said[room].map({ any($0) }) else { return }
        try await permitted {
            try await worker.rooms.redact(
                id, in: room, by: owner, reason: nil, device: "D", transactionID: "\(random.next())")
        }
    }
}
