import MatrixCore
import Storage
import Telemetry

/// A client of sync version 3.
struct SyncClient: FollowingClient {
    enum Wish: CaseIterable {
        case everything, messages, noMembers, notTheOwner
    }

    let user: UserRecord
    let device: String
    let isLazy: Bool
    let repeatsMembers: Bool
    let knowsContestedState: Bool
    let separatesThreads: Bool
    let limit: Int
    let wish: Wish
    let owner: UserID
    let unwanted: RoomID?

    var accident = TimelineAccident.none
    private(set) var rooms: [String: FollowedRoom] = [:]
    private(set) var joined: Set<String> = []
    private(set) var invited: Set<String> = []
    private(set) var accountData: [String: JSONValue] = [:]
    private var since: String?

    /// One that wants something by chance.
    init(_ user: UserRecord, device: String, owner: UserID, unwanted: RoomID?, _ random: SeededRandomSource) {
        func maybe() -> Bool { random.number(below: 2) == 0 }
        self.user = user
        self.device = device
        self.owner = owner
        self.unwanted = random.number(below: 4) == 0 ? unwanted : nil
        isLazy = maybe()
        repeatsMembers = maybe()
        knowsContestedState = maybe()
        separatesThreads = maybe()
        limit = 1 + Int(random.number(below: 7))
        wish = maybe() ? .everything : Wish.allCases[Int(random.number(below: UInt64(Wish.allCases.count)))]
    }

    var name: String {
        "\(device), limit \(limit)\(isLazy ? ", lazy" : "")\(knowsContestedState ? ", state after" : ""), \(wish)"
    }
    var knowsUnread: Bool { wish == .everything }
    var knowsAllReceipts: Bool { true }
    /// Who left and came back meanwhile is told the room anew, and that only looks like a gap.
    var knowsBeginnings: Bool { false }

    private var filter: String {
        let wishes =
            switch wish {
            case .everything: ""
            case .messages: #","types":["m.room.mess*"]"#
            case .noMembers: #","not_types":["m.room.member"]"#
            case .notTheOwner: #","not_senders":["\#(owner)"]"#
            }
        let rooms = unwanted.map { #","not_rooms":["\#($0)"]"# } ?? ""
        return """
            {"room":{"timeline":{"limit":\(limit),"unread_thread_notifications":\(separatesThreads)\(wishes)},\
            "state":{"lazy_load_members":\(isLazy),"include_redundant_members":\(repeatsMembers)}\(rooms)}}
            """
    }

    func wants(_ event: Event) -> Bool {
        switch wish {
        case .everything: true
        case .messages: event.type == EventType.message
        case .noMembers: event.type != EventType.member
        case .notTheOwner: event.sender != owner
        }
    }

    func follows(_ key: StateKey) -> Bool { true }
    func wants(room: RoomID) -> Bool { room != unwanted }

    mutating func follow(through worker: TestWorker, _ random: SeededRandomSource) async throws {
        try await catchUp(through: worker)
    }

    mutating func catchUp(through worker: TestWorker) async throws {
        let answer = try await worker.sync(
            user, since: since, filter: filter, device: device, stateAfter: knowsContestedState)
        for (name, room) in answer.rooms("join") { apply(room, to: name, isJoined: true) }
        for (name, room) in answer.rooms("leave") { apply(room, to: name, isJoined: false) }
        for (name, _) in answer.rooms("invite") {
            invited.insert(name)
            joined.remove(name)
        }
        for event in answer["account_data"]?.events ?? [] {
            accountData[event["type"]?.string ?? ""] = event["content"]?.value()
        }
        since = answer.next
    }

    private mutating func apply(_ json: JSONView, to name: String, isJoined: Bool) {
        var room = rooms[name] ?? FollowedRoom()
        let batch = json["timeline"]
        let timeline = accident.happen(to: batch?.events ?? [])
        let isLimited = batch?["limited"]?.bool == true && accident != .hidesGaps
        let wasAway = !joined.contains(name)
        // What is known from an earlier stay may have changed since.
        if isJoined, wasAway { room.state = [:] }
        let state = json[knowsContestedState ? "state_after" : "state"]?.events ?? []
        for event in state + (knowsContestedState ? [] : timeline) where event["state_key"] != nil {
            room.state[event.stateName] = event["content"]?.value()
        }
        room.add(
            timeline, isLimited: isLimited, previousBatch: batch?["prev_batch"]?.string,
            beginsAnew: wasAway && (isJoined || isLimited))
        for event in json["ephemeral"]?.events ?? [] where event["type"]?.string == "m.receipt" {
            room.apply(receipt: event)
        }
        for event in json["account_data"]?.events ?? [] {
            room.accountData[event["type"]?.string ?? ""] = event["content"]?.value()
        }
        if let summary = json["summary"], let joined = summary["m.joined_member_count"]?.int,
            let invited = summary["m.invited_member_count"]?.int
        {
            room.members = (joined, invited)
        }
        if let unread = json["unread_notifications"] {
            room.unread = UnreadCount(told: unread)
            room.unreadThreads = [:]
            if let threads = json["unread_thread_notifications"]?.object {
                for (root, count) in threads {
                    if let root = EventID(root) { room.unreadThreads[root] = UnreadCount(told: count) }
                }
            }
        }
        rooms[name] = room
        invited.remove(name)
        if isJoined { joined.insert(name) } else { joined.remove(name) }
    }
}

extension UnreadCount {
    init(told json: JSONView) {
        self.init(
            notifications: Int(json["notification_count"]?.int ?? -1),
            highlights: Int(json["highlight_count"]?.int ?? -1))
    }
}
