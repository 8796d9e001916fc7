import MatrixCore
import Storage

/// What a client has put together of a room from what it was told.
struct FollowedRoom {
    /// The content of each state event, by type and key.
    var state: [String: JSONValue] = [:]
    /// Ids of the timeline's events, oldest first; a new piece begins wherever there is a gap.
    var pieces: [[String]] = [[]]
    /// Senders of what was shown.
    var senders: Set<String> = []
    /// The newest receipt of each user, kind and thread.
    var receipts: [String: String] = [:]
}

/// A client that follows rooms by some protocol and believes what it is told. Copies of it are earlier states of itself: a client
/// that lost an answer goes on from one.
protocol FollowingClient: Sendable {
    var user: UserRecord { get }
    /// Tells it from others of the user, and how it asks.
    var name: String { get }
    /// Whether it is told only the members that it needs.
    var isLazy: Bool { get }
    /// Which events it wants in timelines.
    func wants(_ event: Event) -> Bool
    /// Rooms by their ids and by how the user stands to them.
    var rooms: [String: FollowedRoom] { get }
    var joined: Set<String> { get }
    var invited: Set<String> { get }
    var accountData: [String: JSONValue] { get }

    /// Asks once, through any worker.
    mutating func follow(through worker: TestWorker) async throws
}

/// A client of sync version 3.
struct SyncClient: FollowingClient {
    let user: UserRecord
    let device: String
    let isLazy: Bool
    let usesStateAfter: Bool
    let limit: Int
    let onlyMessages: Bool

    private(set) var rooms: [String: FollowedRoom] = [:]
    private(set) var joined: Set<String> = []
    private(set) var invited: Set<String> = []
    private(set) var accountData: [String: JSONValue] = [:]
    private var since: String?

    init(
        _ user: UserRecord, device: String, isLazy: Bool, usesStateAfter: Bool, limit: Int, onlyMessages: Bool
    ) {
        self.user = user
        self.device = device
        self.isLazy = isLazy
        self.usesStateAfter = usesStateAfter
        self.limit = limit
        self.onlyMessages = onlyMessages
    }

    var name: String { "\(device), limit \(limit)\(isLazy ? ", lazy" : "")\(usesStateAfter ? ", state after" : "")" }

    private var filter: String {
        let types = onlyMessages ? #","types":["m.room.mess*"]"# : ""
        return #"{"room":{"timeline":{"limit":\#(limit)\#(types)},"state":{"lazy_load_members":\#(isLazy)}}}"#
    }

    func wants(_ event: Event) -> Bool { !onlyMessages || event.type == EventType.message }

    mutating func follow(through worker: TestWorker) async throws {
        let answer = try await worker.sync(
            user, since: since, filter: filter, device: device, stateAfter: usesStateAfter)
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
        let timeline = (json["timeline"]?.events ?? []).filter { !RoomTruth.isOutside($0, for: user.userID) }
        let isNew = isJoined && !joined.contains(name)
        if json["timeline"]?["limited"]?.bool == true || isNew { room.pieces.append([]) }
        // What is known from an earlier stay may have changed since.
        if isNew { (room.state, room.senders) = ([:], []) }
        let state = json[usesStateAfter ? "state_after" : "state"]?.events ?? []
        for event in state + (usesStateAfter ? [] : timeline) where event["state_key"] != nil {
            room.state[event.stateName] = event["content"]?.value()
        }
        room.pieces[room.pieces.count - 1] += timeline.compactMap { $0["event_id"]?.string }
        room.senders.formUnion(timeline.compactMap { $0["sender"]?.string })
        for event in json["ephemeral"]?.events ?? [] where event["type"]?.string == "m.receipt" {
            apply(event, to: &room)
        }
        rooms[name] = room
        invited.remove(name)
        if isJoined { joined.insert(name) } else { joined.remove(name) }
    }

    private func apply(_ receipt: JSONView, to room: inout FollowedRoom) {
        guard let events = receipt["content"]?.object else { return }
        for (event, kinds) in events {
            guard let kinds = kinds.object else { continue }
            for (kind, users) in kinds {
                guard let users = users.object else { continue }
                for (user, data) in users {
                    room.receipts["\(user)|\(kind)|\(data["thread_id"]?.string ?? "")"] = event
                }
            }
        }
    }
}
