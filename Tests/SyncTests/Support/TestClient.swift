import MatrixCore
import Storage

/// A client that believes what syncs tell it, to compare that with the truth.
struct TestClient: Sendable {
    struct Room: Sendable {
        /// The content of each state event, by type and key.
        var state: [String: JSONValue] = [:]
        var timeline: [String] = []
    }

    let user: UserRecord
    let worker: TestWorker
    var since: String?
    var rooms: [String: Room] = [:]
    var invited: Set<String> = []
    var left: Set<String> = []

    init(_ user: UserRecord, _ worker: TestWorker) {
        self.user = user
        self.worker = worker
    }

    /// Syncs once, through the worker given or its own.
    mutating func sync(through other: TestWorker? = nil, filter: String? = nil) async throws {
        let answer = try await (other ?? worker).sync(user, since: since, filter: filter)
        since = answer.next
        for (name, room) in answer.rooms("join") {
            apply(room, to: name)
            invited.remove(name)
            left.remove(name)
        }
        for (name, _) in answer.rooms("invite") { invited.insert(name) }
        for (name, room) in answer.rooms("leave") {
            apply(room, to: name)
            invited.remove(name)
            left.insert(name)
        }
    }

    private mutating func apply(_ json: JSONView, to name: String) {
        var room = rooms[name] ?? Room()
        let timeline = json["timeline"]?.events ?? []
        if json["timeline"]?["limited"]?.bool == true { room.timeline = [] }
        for event in (json["state"]?["events"]?.all ?? []) + timeline where event["state_key"] != nil {
            room.state[event.stateName] = event["content"]?.value()
        }
        room.timeline += timeline.compactMap { $0["event_id"]?.string }
        rooms[name] = room
    }
}
