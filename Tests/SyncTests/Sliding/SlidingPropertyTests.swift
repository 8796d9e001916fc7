import ApusTesting
import MatrixCore
import Rooms
import Storage
import Sync
import Telemetry
import Testing

/// Whatever happens in rooms, through whichever workers, and however windows move: what a client of sliding sync has put together
/// is the truth as far as it asked for it, and nothing that its user may not see.
struct SlidingPropertyTests {
    @Test(arguments: (1...8).map { UInt64($0) })
    func clientsPutTogetherWhatTheyMaySee(seed: UInt64) async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { one in
                try await installation.withWorker { two in
                    var run = try await SlidingRun(seed: seed, [one, two])
                    for _ in 0..<200 { try await run.step() }
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

/// What a client of sliding sync has put together of a room.
private struct SlidRoom {
    var membership = ""
    var state: [String: JSONValue] = [:]
    /// A new piece begins wherever there is a gap.
    var pieces: [[String]] = [[]]
    var senders: Set<String> = []
    var name: String?
    var joined: Int64 = 0
    var invited: Int64 = 0
}

private struct SlidingFollower {
    let user: UserRecord
    let connection: String
    let isLazy: Bool
    var rooms: [String: SlidRoom] = [:]
    var position: String?

    private var required: RequiredState {
        RequiredState(include: [.init(type: nil, stateKey: nil)], lazyMembers: isLazy)
    }

    mutating func follow(through worker: TestWorker, newest: Int?, limit: Int, subscribed: RoomID? = nil) async throws {
        let config = SlidingRoomConfig(timelineLimit: limit, requiredState: required)
        let answer = try await worker.slide(user, at: position, connection: connection) {
            $0.lists["list"] = SlidingRequest.List(config: config, ranges: newest.map { [0...($0 - 1)] })
            if let subscribed {
                $0.subscriptions[subscribed] = SlidingRoomConfig(timelineLimit: limit + 3, requiredState: required)
            }
        }
        position = answer.position
        for (name, json) in answer.slidRooms { apply(json, to: name) }
    }

    private mutating func apply(_ json: JSONView, to name: String) {
        var room = json["initial"]?.bool == true ? SlidRoom() : rooms[name] ?? SlidRoom()
        room.membership = json["membership"]?.string ?? room.membership
        if json["stripped_state"] != nil { room.state = [:] }
        for event in json["required_state"]?.all ?? [] {
            room.state[event.stateName] = event["content"]?.value()
        }
        if let name = json["name"] { room.name = name.string }
        room.joined = json["joined_count"]?.int ?? room.joined
        room.invited = json["invited_count"]?.int ?? room.invited
        let timeline = json.slidTimeline.filter { !RoomTruth.isOutside($0, for: user.userID) }
        if json["limited"]?.bool == true || json["expanded_timeline"]?.bool == true { room.pieces.append([]) }
        room.pieces[room.pieces.count - 1] += timeline.compactMap { $0["event_id"]?.string }
        room.senders.formUnion(timeline.compactMap { $0["sender"]?.string })
        rooms[name] = room
    }
}

/// Users who act at random, with clients that follow at random.
private struct SlidingRun {
    private let seed: UInt64
    private let random: SeededRandomSource
    private let workers: [TestWorker]
    private let owner: UserRecord
    private let users: [UserRecord]
    private let rooms: [RoomID]
    private var clients: [SlidingFollower] = []
    /// What clients were before their last answers, which may get lost.
    private var earlier: [Int: SlidingFollower] = [:]

    init(seed: UInt64, _ workers: [TestWorker]) async throws {
        self.seed = seed
        self.workers = workers
        random = SeededRandomSource(seed: seed)
        let worker = workers[0]
        owner = try await worker.user("owner")
        users = [try await worker.user("a"), try await worker.user("b"), try await worker.user("c")]
        var rooms: [RoomID] = []
        for number in 0..<4 {
            rooms.append(try await worker.room(by: owner, members: number < 2 ? users : [], name: "Room \(number)"))
        }
        self.rooms = rooms
        for user in users {
            for number in 0..<2 {
                clients.append(SlidingFollower(user: user, connection: "\(number)", isLazy: number == 1))
            }
        }
    }

    private var worker: TestWorker { any(workers) }
    private func any<Element>(_ elements: [Element]) -> Element {
        elements[Int(random.number(below: UInt64(elements.count)))]
    }

    mutating func step() async throws {
        if random.number(below: 5) < 2 { try await follow() } else { try await act() }
    }

    private mutating func follow() async throws {
        let index = Int(random.number(below: UInt64(clients.count)))
        // An answer got lost: the client asks again from where it was.
        if random.number(below: 5) == 0, let before = earlier[index] { clients[index] = before }
        earlier[index] = clients[index]
        try await clients[index].follow(
            through: worker, newest: any([1, 2, 3, nil]), limit: 1 + Int(random.number(below: 5)),
            subscribed: random.number(below: 4) == 0 ? any(rooms) : nil)
    }

    private func act() async throws {
        let (room, user, worker) = (any(rooms), any(users), worker)
        // Who may not do something is refused; the others' turn comes.
        switch random.number(below: 14) {
        case 0, 1: try await permitted { try await worker.rooms.join(room, as: user) }
        case 2: try await permitted { try await worker.rooms.leave(room, as: user) }
        case 3: try await permitted { try await worker.rooms.kick(user.userID, from: room, by: owner, reason: nil) }
        case 4: try await permitted { try await worker.rooms.invite(user.userID, to: room, by: owner) }
        case 5: try await permitted { try await worker.rooms.ban(user.userID, from: room, by: owner, reason: nil) }
        case 6: try await permitted { try await worker.rooms.unban(user.userID, from: room, by: owner, reason: nil) }
        case 7: try await worker.set(EventType.name, to: ["name": .string("\(random.next())")], in: room, as: owner)
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
        default: try await permitted { try await worker.say("\(random.next())", in: room, as: any([user, owner])) }
        }
    }

    private func permitted(_ body: () async throws -> some Any) async throws {
        do { _ = try await body() } catch let error as MatrixError {
            #expect((400..<404).contains(error.status), "seed \(seed): \(error)")
        }
    }

    // MARK: What must be true

    /// Lets all clients see all of their rooms, and compares.
    mutating func finish(through only: TestWorker? = nil) async throws {
        for index in clients.indices {
            try await clients[index].follow(through: only ?? worker, newest: nil, limit: 3)
            for room in rooms { try await compare(clients[index], room) }
            // Nothing more to tell.
            let before = clients[index].rooms.mapValues(\.pieces)
            try await clients[index].follow(through: only ?? worker, newest: nil, limit: 3)
            #expect(clients[index].rooms.mapValues(\.pieces) == before, "seed \(seed)")
        }
    }

    private func compare(_ client: SlidingFollower, _ roomID: RoomID) async throws {
        let (name, who) = (roomID.description, client.user.userID)
        let truth = try await RoomTruth(roomID, workers[0])
        let note: Comment = "seed \(seed), \(who) \(client.connection) in \(name)"
        let membership = truth.membership(of: who)
        guard let room = client.rooms[name] else {
            #expect(membership == nil || membership == .leave || membership == .ban, note)
            return
        }
        #expect(room.membership == membership?.rawValue, note)
        let visible = truth.timeline(for: who, ignoring: nil, matching: { _ in true })
        for piece in room.pieces {
            #expect(Set(piece).count == piece.count, "each once, \(note)")
            #expect(Self.isStretch(piece, of: visible), "\(piece) of \(visible), \(note)")
        }
        guard membership == .join else { return }
        let last = room.pieces.last ?? []
        #expect(Array(visible.suffix(last.count)) == last, "\(last) at the end of \(visible), \(note)")
        #expect(room.name == truth.state["m.room.name|"]?["name"]?.string, note)
        let members = truth.state.filter { $0.key.hasPrefix("m.room.member|") }.values
        #expect(room.joined == Int64(members.filter { $0["membership"]?.string == "join" }.count), note)
        #expect(room.invited == Int64(members.filter { $0["membership"]?.string == "invite" }.count), note)
        guard client.isLazy else {
            #expect(room.state == truth.state, note)
            return
        }
        let isMember = { (key: String) in key.hasPrefix("m.room.member|") }
        #expect(room.state.filter { !isMember($0.key) } == truth.state.filter { !isMember($0.key) }, note)
        for sender in room.senders { #expect(room.state["m.room.member|\(sender)"] != nil, "\(sender), \(note)") }
    }

    /// Whether the elements stand in the whole one after the other, without anything between.
    private static func isStretch(_ piece: [String], of whole: [String]) -> Bool {
        guard let first = piece.first else { return true }
        guard let start = whole.firstIndex(of: first) else { return false }
        return Array(whole.dropFirst(start).prefix(piece.count)) == piece
    }
}
