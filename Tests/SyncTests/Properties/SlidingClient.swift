import MatrixCore
import Storage
import Sync
import Telemetry

/// A client of sliding sync. What it asks for changes from request to request: windows, filters, subscriptions, how much timeline.
struct SlidingClient: FollowingClient {
    let user: UserRecord
    let connection: String
    let dialect: SlidingRequest.Dialect
    let isLazy: Bool
    /// Whether it follows all state, or only what shows a room's name and subject.
    let followsAll: Bool
    let subscribable: [RoomID]

    var accident = TimelineAccident.none
    private(set) var rooms: [String: FollowedRoom] = [:]
    private(set) var accountData: [String: JSONValue] = [:]
    private var position: String?

    init(_ user: UserRecord, connection: String, subscribable: [RoomID], _ random: SeededRandomSource) {
        self.user = user
        self.connection = connection
        self.subscribable = subscribable
        dialect = random.number(below: 2) == 0 ? .stable : .unstable
        isLazy = random.number(below: 2) == 0
        followsAll = random.number(below: 3) > 0
    }

    var name: String {
        "sliding \(connection), \(dialect)\(isLazy ? ", lazy" : "")\(followsAll ? ", all state" : ", some state")"
    }
    var joined: Set<String> { Set(rooms.filter { $0.value.membership == "join" }.keys) }
    var invited: Set<String> { Set(rooms.filter { $0.value.membership == "invite" }.keys) }
    /// Clients of today cannot be told that state is no more.
    var knowsContestedState: Bool { dialect == .stable }
    var knowsUnread: Bool { dialect == .unstable }
    var separatesThreads: Bool { false }
    var knowsAllReceipts: Bool { false }
    var knowsBeginnings: Bool { true }

    func wants(_ event: Event) -> Bool { true }
    func wants(room: RoomID) -> Bool { true }

    private static let few: [StateKey] = [
        StateKey(EventType.name), StateKey(EventType.topic), StateKey(EventType.joinRules),
    ]

    func follows(_ key: StateKey) -> Bool { followsAll || Self.few.contains(key) }

    private var required: RequiredState {
        guard followsAll else { return .these(Self.few.map { ($0.type, $0.key) }, lazy: isLazy) }
        return RequiredState(include: [.init(type: nil, stateKey: nil)], lazyMembers: isLazy)
    }

    // MARK: Asking

    mutating func follow(through worker: TestWorker, _ random: SeededRandomSource) async throws {
        let (required, subscribable) = (required, subscribable)
        let config = SlidingRoomConfig(timelineLimit: 1 + Int(random.number(below: 5)), requiredState: required)
        try await ask(worker) { content in
            for name in ["a", "b"].prefix(1 + Int(random.number(below: 2))) {
                content.lists[name] = SlidingRequest.List(
                    config: config, filter: Self.filter(random), ranges: Self.ranges(random))
            }
            guard random.number(below: 4) == 0 else { return }
            let room = subscribable[Int(random.number(below: UInt64(subscribable.count)))]
            content.subscriptions[room] = SlidingRoomConfig(
                timelineLimit: config.timelineLimit + 3, requiredState: required)
        }
    }

    mutating func catchUp(through worker: TestWorker) async throws {
        let config = SlidingRoomConfig(timelineLimit: 3, requiredState: required)
        try await ask(worker) { $0.lists["all"] = SlidingRequest.List(config: config) }
    }

    private static func filter(_ random: SeededRandomSource) -> SlidingFilter {
        var filter = SlidingFilter()
        switch random.number(below: 12) {
        case 0: filter.isDirect = random.number(below: 2) == 0
        case 1: filter.isEncrypted = random.number(below: 2) == 0
        case 2: filter.isInvited = random.number(below: 2) == 0
        case 3: filter.notRoomTypes = ["m.space"]
        case 4: filter.tags = ["m.favourite"]
        case 5: filter.notTags = ["m.favourite"]
        default: break
        }
        return filter
    }

    private static func ranges(_ random: SeededRandomSource) -> [ClosedRange<Int>]? {
        switch random.number(below: 4) {
        case 0: return nil
        case 1: return [0...0, 2...3]
        default:
            let start = Int(random.number(below: 2))
            return [start...(start + Int(random.number(below: 3)))]
        }
    }

    private mutating func ask(_ worker: TestWorker, _ fill: (inout SlidingRequest.Content) -> Void) async throws {
        let answer: JSONDocument
        do { answer = try await slide(worker, fill) } catch let error as MatrixError
            where error.errcode == .unknownPosition && position != nil
        {
            // As clients do: everything again from the start.
            (rooms, accountData, position) = ([:], [:], nil)
            answer = try await slide(worker, fill)
        }
        position = answer.position
        for (name, json) in answer.slidRooms { apply(json, to: name) }
        apply(extensions: answer["extensions"])
    }

    private func slide(
        _ worker: TestWorker, _ fill: (inout SlidingRequest.Content) -> Void
    ) async throws -> JSONDocument {
        try await worker.slide(user, at: position, connection: connection, dialect: dialect) {
            fill(&$0)
            $0.extensions.accountData = SlidingExtensionRequests.Scope()
            $0.extensions.receipts = SlidingExtensionRequests.Scope()
        }
    }

    // MARK: Believing

    private mutating func apply(_ json: JSONView, to name: String) {
        let before = rooms[name]
        var room = before ?? FollowedRoom()
        let isInitial = json["initial"]?.bool == true
        if isInitial {
            room = FollowedRoom()
            // What extensions tell is told once, however often the room is told anew.
            room.accountData = before?.accountData ?? [:]
            room.shown = before?.shown ?? []
        }
        room.membership = json["membership"]?.string ?? Self.membership(json, room, user.userID)
        if json["stripped_state"] != nil || json["invite_state"] != nil { room.state = [:] }
        for event in json["required_state"]?.all ?? [] { room.state[event.stateName] = event["content"]?.value() }
        if let name = json["name"] { room.name = name.string }
        if let direct = json["is_dm"]?.bool { room.isDirect = direct }
        let counts = (joined: json["joined_count"]?.int, invited: json["invited_count"]?.int)
        if let joined = counts.joined, let invited = counts.invited { room.members = (joined, invited) }
        if dialect == .unstable { room.unread = UnreadCount(told: json) }
        let isExpanded = ["expanded_timeline", "unstable_expanded_timeline"].contains { json[$0]?.bool == true }
        room.add(
            accident.happen(to: json.slidTimeline),
            isLimited: json["limited"]?.bool == true && accident != .hidesGaps,
            previousBatch: json["prev_batch"]?.string, beginsAnew: isInitial || isExpanded)
        rooms[name] = room
    }

    /// What a client of today makes of a room that does not say how the user stands to it.
    private static func membership(_ json: JSONView, _ room: FollowedRoom, _ user: UserID) -> String? {
        if json["invite_state"] != nil { return "invite" }
        let events = (json["required_state"]?.all ?? []) + json.slidTimeline
        let own = events.last { $0["type"]?.string == EventType.member && $0["state_key"]?.string == user.description }
        return own?["content"]?["membership"]?.string ?? room.membership ?? "join"
    }

    private mutating func apply(extensions: JSONView?) {
        for event in extensions?["account_data"]?["global"]?.all ?? [] {
            accountData[event["type"]?.string ?? ""] = event["content"]?.value()
        }
        for (name, events) in Self.rooms(of: extensions?["account_data"]) {
            for event in events.all {
                rooms[name]?.accountData[event["type"]?.string ?? ""] = event["content"]?.value()
            }
        }
        for (name, event) in Self.rooms(of: extensions?["receipts"]) { rooms[name]?.apply(receipt: event) }
    }

    private static func rooms(of list: JSONView?) -> [(String, JSONView)] {
        guard let rooms = list?["rooms"]?.object else { return [] }
        return rooms.map { ($0.key, $0.value) }
    }
}
