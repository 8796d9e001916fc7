import ApusTesting
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Telemetry
import Testing

/// Whatever happens in rooms, through whichever workers and on other servers, and however clients ask, by either protocol: what each
/// has put together is the server's state and the timeline that its user may see, each event once, and what is unread of it.
struct SyncPropertyTests {
    @Test(arguments: (1...8).map { UInt64($0) })
    func clientsPutTogetherWhatTheyMaySee(seed: UInt64) async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { one in
                try await installation.withWorker { two in
                    var run = try await FollowingRun(seed: seed, [one, two])
                    for _ in 0..<240 { try await run.step() }
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
    /// Answers of a client that may have been lost since.
    private static let maxEarlier = 6

    private var activity: RandomActivity
    private var clients: [any FollowingClient] = []
    /// What clients were before their last answers, the newest last.
    private var earlier: [Int: [any FollowingClient]] = [:]

    init(seed: UInt64, _ workers: [TestWorker]) async throws {
        activity = try await RandomActivity(seed: seed, workers)
        for user in activity.users {
            for number in 0..<3 {
                clients.append(
                    SyncClient(
                        user, device: "D\(number)", owner: activity.owner.userID, unwanted: activity.rooms[2],
                        activity.random))
            }
            for number in 0..<2 {
                clients.append(
                    SlidingClient(
                        user, connection: "\(number)", subscribable: activity.rooms, activity.random))
            }
        }
    }

    private var random: SeededRandomSource { activity.random }

    mutating func step() async throws {
        if random.number(below: 5) < 2 { try await follow() } else { try await activity.act() }
    }

    private mutating func follow() async throws {
        let index = Int(random.number(below: UInt64(clients.count)))
        // Answers got lost, or the client was put back: it asks again from where it was.
        if random.number(below: 5) == 0, let before = earlier[index], !before.isEmpty {
            clients[index] = random.number(below: 2) == 0 ? before[before.count - 1] : activity.any(before)
        }
        earlier[index] = Array((earlier[index] ?? []).suffix(Self.maxEarlier - 1)) + [clients[index]]
        try await clients[index].follow(through: activity.worker, random)
    }

    // MARK: What must be true

    /// Lets all clients catch up, and compares.
    mutating func finish(through only: TestWorker? = nil) async throws {
        var truths: [(RoomID, RoomTruth)] = []
        for room in activity.rooms {
            truths.append(
                (room, try await RoomTruth(room, activity.workers[0], users: activity.users.map(\.userID))))
        }
        for index in clients.indices {
            try await clients[index].catchUp(through: only ?? activity.worker)
            let comparison = Comparison(activity: activity, client: clients[index])
            for (room, truth) in truths { try await comparison.compare(room, truth) }
            try await comparison.compareAccountData()
            // Nothing more to tell.
            let before = clients[index].rooms.mapValues(\.pieces)
            try await clients[index].catchUp(through: only ?? activity.worker)
            #expect(
                clients[index].rooms.mapValues { $0.pieces.filter { !$0.isEmpty } }
                    == before.mapValues { $0.filter { !$0.isEmpty } }, "seed \(activity.seed)")
        }
    }
}

/// What one client has put together beside the truth.
private struct Comparison {
    let activity: RandomActivity
    let client: any FollowingClient

    private var who: UserID { client.user.userID }

    private func note(_ room: RoomID) -> Comment {
        "seed \(activity.seed), \(client.name) of \(who) in \(room), which is number \(activity.rooms.firstIndex(of: room) ?? -1)"
    }

    func compare(_ roomID: RoomID, _ truth: RoomTruth) async throws {
        let (name, note) = (roomID.description, note(roomID))
        guard client.wants(room: roomID) else {
            #expect(client.rooms[name] == nil, note)
            return
        }
        let membership = truth.membership(of: who)
        #expect(client.joined.contains(name) == (membership == .join), note)
        #expect(client.invited.contains(name) == (membership == .invite), note)
        guard let room = client.rooms[name] else {
            #expect(membership != .join, note)
            return
        }
        let shown = truth.timeline(
            for: who, ignoring: who == activity.ignored.by ? activity.ignored.whom : nil, matching: client.wants)
        for piece in room.pieces {
            #expect(truth.isPiece(piece, of: shown), "\(piece) of \(shown.map(\.id)), \(note)")
        }
        // Who left and came back before the client heard of it is told the room anew, and the client does not know.
        let isCertain = client is SlidingClient || (truth.contested.isEmpty && truth.stays(of: who) < 2)
        let told = isCertain ? room.pieces[room.firstPiece...].flatMap(\.self) : []
        #expect(Set(told).count == told.count, "each once, \(note)")
        guard membership == .join else { return }
        let last = room.pieces.last ?? []
        #expect(shown.suffix(last.count).map(\.id) == last, "\(last) at the end of \(shown.map(\.id)), \(note)")
        compareState(room, truth, note)
        if let members = room.members { #expect(members == truth.members, note) }
        if let sliding = client as? SlidingClient {
            #expect(room.name == truth.state["m.room.name|"]?["name"]?.string, note)
            #expect(room.isDirect == isDirect(roomID, sliding), note)
        }
        try await compareReceipts(room, roomID, truth, note)
    }

    private func isDirect(_ room: RoomID, _ client: SlidingClient) -> Bool {
        client.accountData["m.direct"]?[activity.owner.userID.description]?.array?.contains(.string(room.description))
            ?? false
    }

    private func compareState(_ room: FollowedRoom, _ truth: RoomTruth, _ note: Comment) {
        let isMember = { (key: String) in key.hasPrefix("m.room.member|") }
        let isFollowed = { (key: String) in
            let parts = key.split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return client.follows(StateKey(parts[0], parts.count > 1 ? parts[1] : ""))
        }
        let isContested = { (key: String) in !client.knowsContestedState && truth.contested.contains(key) }
        func compared(_ state: [String: JSONValue]) -> [String: JSONValue] {
            state.filter { key, _ in
                !isContested(key) && isFollowed(key) && !(client.isLazy && isMember(key))
            }
        }
        let (told, held) = (compared(room.state), compared(truth.state))
        for key in Set(told.keys).union(held.keys) where told[key] != held[key] {
            // State that is no more cannot be said in version 3.
            if held[key] == nil, client is SyncClient, !truth.contested.isEmpty { continue }
            Issue.record("\(key): \(String(describing: told[key])) for \(String(describing: held[key])), \(note)")
        }
        guard client.isLazy else { return }
        for sender in room.senders where truth.state["m.room.member|\(sender)"] != nil {
            #expect(room.state["m.room.member|\(sender)"] != nil, "\(sender), \(note)")
        }
        guard client is SyncClient else { return }
        for (key, content) in room.state where isMember(key) && !isContested(key) {
            if let held = truth.state[key] { #expect(content == held, "\(key), \(note)") }
        }
    }

    // MARK: Receipts and what is unread

    private func compareReceipts(
        _ room: FollowedRoom, _ roomID: RoomID, _ truth: RoomTruth, _ note: Comment
    ) async throws {
        let worker = activity.workers[0]
        let record = try await worker.base.record(roomID)
        let stored = try await ReceiptStore(pool: worker.pool).changes(
            in: [(room: record.nid, since: 0, head: .max)], for: client.user.nid)
        let names = try await worker.base.interning.users(stored.map(\.userNID))
        for receipt in stored {
            let user = names[receipt.userNID]?.userID.description ?? ""
            let key = "\(user)|\(receipt.kind.name)|\(receipt.thread.id ?? "")"
            // Two receipts of a kind at one event have one place.
            let isAlone =
                stored.count {
                    ($0.userNID, $0.kind, $0.eventID) == (receipt.userNID, receipt.kind, receipt.eventID)
                } == 1
            guard client.knowsAllReceipts || (isAlone && room.receipts[key] != nil) else { continue }
            #expect(room.receipts[key] == receipt.eventID.description, "\(key), \(note)")
        }
        guard client.knowsUnread, who != activity.ignored.by,
            let (standing, _) = try await worker.base.memberships.membership(of: client.user.nid, in: record.nid)
        else { return }
        let counts = truth.unread(
            for: client.user, since: standing.joinedPosition,
            receipts: stored.filter { $0.userNID == client.user.nid })
        if client.separatesThreads {
            #expect(room.unread == counts.main, note)
            #expect(room.unreadThreads == counts.threads, note)
        } else {
            #expect(room.unread == counts.total, note)
        }
    }

    func compareAccountData() async throws {
        let worker = activity.workers[0]
        let records = try await worker.accountData.all(of: client.user.nid)
        let rooms = try await worker.rooms.reader.store.rooms(Array(Set(records.compactMap(\.roomNID))))
        for record in records {
            let content = record.content.flatMap { try? JSONValue(parsing: $0) }
            guard let nid = record.roomNID else {
                #expect(client.accountData[record.type] == content, "seed \(activity.seed), \(client.name)")
                continue
            }
            guard let roomID = rooms[nid]?.roomID, client.joined.contains(roomID.description),
                client.wants(room: roomID)
            else { continue }
            #expect(
                client.rooms[roomID.description]?.accountData[record.type] == content,
                "\(record.type), \(note(roomID))")
        }
    }
}
