import ApusTesting
import Cluster
import Ephemeral
import MatrixCore
import Push
import Rooms
import RoomsTesting
import Storage
import Sync
import Telemetry
import Testing

/// Counts never drift: whatever happens, by whichever worker, they are what a count from the beginning comes to.
struct UnreadDriftTests {
    @Test(arguments: [UInt64(1), 2, 3, 4])
    func countsAreThoseOfACountFromTheBeginning(seed: UInt64) async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker(.rules) { one in
                try await installation.withWorker(.rules) { two in
                    var run = try await UnreadRun(seed: seed, one, two)
                    for _ in 0..<160 { try await run.step() }
                }
            }
        }
    }
}

/// Random activity in one room, with a client for each user that believes what syncs say is unread.
private struct UnreadRun {
    private static let filter = #"{"room":{"timeline":{"limit":2,"unread_thread_notifications":true}}}"#

    private let seed: UInt64
    private let random: SeededRandomSource
    private let workers: [TestWorker]
    private let owner: UserRecord
    private let users: [UserRecord]
    private let room: RoomID
    private var model = UnreadModel()
    private var isMuted: Set<UserNID> = []
    private var since: [UserNID: String] = [:]
    private var told: [UserNID: UnreadCounts] = [:]

    init(seed: UInt64, _ one: TestWorker, _ two: TestWorker) async throws {
        self.seed = seed
        random = SeededRandomSource(seed: seed)
        workers = [one, two]
        owner = try await one.user("owner")
        users = [owner, try await one.user("a"), try await one.user("b"), try await one.user("c")]
        room = try await one.room(by: owner)
        model.join(owner.nid)
        for user in users.dropFirst() { try await join(user) }
    }

    private func any<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[Int(random.number(below: UInt64(elements.count)))]
    }

    private var worker: TestWorker { workers[Int(random.number(below: 2))] }
    private var member: UserRecord { any(users.filter { model.members.contains($0.nid) }) ?? owner }

    mutating func step() async throws {
        switch random.number(below: 20) {
        case 0..<7: try await say()
        case 7: try await redact()
        case 8: if let user = any(Array(users.dropFirst())) { try await comeOrGo(user) }
        case 9: try await changeRules()
        case 10: try await rename()
        case 11..<15: try await read()
        default: try await check()
        }
    }

    // MARK: What happens

    private mutating func join(_ user: UserRecord) async throws {
        try await worker.rooms.join(room, as: user)
        model.join(user.nid)
    }

    private mutating func comeOrGo(_ user: UserRecord) async throws {
        guard model.members.contains(user.nid) else { return try await join(user) }
        try await worker.rooms.leave(room, as: user)
        model.leave(user.nid)
    }

    private mutating func say() async throws {
        let sender = member
        var more: [String: JSONValue] = [:]
        var root: EventID?
        var isEdit = false
        if let parent = any(model.ids), let said = model.message(parent) {
            switch random.number(below: 4) {
            case 0 where !said.isRelated:
                root = parent
                more["m.relates_to"] = ["rel_type": "m.thread", "event_id": .string(parent.description)]
            case 1:
                (root, isEdit) = (said.root, true)
                more["m.relates_to"] = ["rel_type": "m.replace", "event_id": .string(parent.description)]
                more["m.new_content"] = ["msgtype": "m.text", "body": "better"]
            default: break
            }
        }
        let mentioned = random.number(below: 3) == 0 ? any(users) : nil
        if let mentioned { more["m.mentions"] = ["user_ids": [.string(mentioned.userID.description)]] }
        let id = try await worker.say("\(random.number(below: 1000))", in: room, as: sender, more)
        var notified: [UserNID: Bool] = [:]
        for user in users where user.nid != sender.nid && model.members.contains(user.nid) {
            // A mention comes before a muted room and before edits.
            if user.nid == mentioned?.nid {
                notified[user.nid] = true
            } else if !isEdit, !isMuted.contains(user.nid) {
                notified[user.nid] = false
            }
        }
        model.add(
            id,
            .init(
                sender: sender.nid, root: root, isSaid: true, isRelated: more["m.relates_to"] != nil,
                notified: notified))
    }

    private mutating func redact() async throws {
        guard let target = any(model.ids) else { return }
        let worker = worker
        let id = try await worker.rooms.redact(
            target, in: room, by: owner, reason: nil, device: "D", transactionID: "\(random.next())")
        model.add(id, .init(sender: owner.nid, root: nil, isSaid: true, notified: [:]))
        model.redact(target)
    }

    private mutating func rename() async throws {
        let user = member
        let id = try await worker.set(
            EventType.member, user.userID.description,
            to: ["membership": "join", "displayname": .string("\(random.next())")], in: room, as: user)
        model.add(id, .init(sender: user.nid, root: nil, isSaid: false, notified: [:]))
    }

    /// Mutes the room for a user, or lets it be heard again.
    private mutating func changeRules() async throws {
        guard let user = any(users) else { return }
        let worker = worker
        let rules = PushRules(
            store: PushRuleStore(pool: worker.pool), interning: worker.base.interning, feed: worker.feed,
            telemetry: worker.base.telemetry)
        let (room, wasMuted) = (room.description, isMuted.contains(user.nid))
        try await rules.change(of: user.nid) { (changes, _) throws(PushRuleError) in
            if wasMuted { try changes.remove(.room, room) } else { try changes.put(.room, room, body: ["actions": []]) }
        }
        if wasMuted { isMuted.remove(user.nid) } else { isMuted.insert(user.nid) }
        // Whether an event notifies is decided with the rules as its worker knows them.
        for worker in workers { try await worker.feed.reachPresent() }
    }

    private mutating func read() async throws {
        let user = member
        guard let id = any(model.ids), let message = model.message(id) else { return }
        let own: ReceiptThread = message.root.map { .thread(root: $0) } ?? .main
        let thread = random.number(below: 2) == 0 ? .unthreaded : own
        let isPrivate = random.number(below: 2) == 0
        try await worker.receipts.update(
            Receipts.Update(read: isPrivate ? nil : id, readPrivate: isPrivate ? id : nil, thread: thread), by: user,
            in: room)
        model.receipt(user.nid, thread, at: id)
    }

    // MARK: What must be true

    private mutating func check() async throws {
        guard let user = any(users) else { return }
        let answer = try await worker.sync(user, since: since[user.nid], filter: Self.filter)
        since[user.nid] = answer.next
        if answer.room(room, "leave") != nil { told[user.nid] = nil }
        if let counts = Self.counts(answer, room) { told[user.nid] = counts }
        guard model.members.contains(user.nid) else { return }
        let truth = model.counts(for: user.nid)
        #expect(told[user.nid] == truth, "seed \(seed), \(user.userID)")
        // Whoever asks from the beginning is told the same.
        let whole = Self.counts(try await worker.sync(user, filter: Self.filter, device: "E"), room)
        #expect(whole == truth, "seed \(seed), \(user.userID)")
    }

    private static func counts(_ answer: JSONDocument, _ room: RoomID) -> UnreadCounts? {
        guard let joined = answer.room(room), let main = joined["unread_notifications"] else { return nil }
        var counts = UnreadCounts()
        counts.main = count(main)
        if let threads = joined["unread_thread_notifications"]?.object {
            for (root, json) in threads { if let root = EventID(root) { counts.threads[root] = count(json) } }
        }
        return counts
    }

    private static func count(_ json: JSONView) -> UnreadCount {
        UnreadCount(
            notifications: Int(json["notification_count"]?.int ?? -1),
            highlights: Int(json["highlight_count"]?.int ?? -1))
    }
}
