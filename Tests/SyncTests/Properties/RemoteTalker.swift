import ApusTesting
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Telemetry

/// A user of another server in a room of ours. They see the room late and have much power in it, so what they do forks its history,
/// undoes what was done here meanwhile, and sometimes comes with a gap before it.
struct RemoteTalker: Sendable {
    private let server: PeerServer
    private let bob: UserID
    let room: RoomRecord
    /// The room as bob's server saw it last.
    private var view: PeerView

    /// Comes into a room that somebody has just made.
    init(_ room: RoomID, of owner: UserRecord, _ worker: TestWorker) async throws {
        server = try PeerServer("peer.example")
        bob = try server.user("bob")
        self.room = try await worker.base.record(room)
        var levels: [String: JSONValue] = [bob.description: 100]
        if self.room.version != RoomVersion.v12.identifier { levels[owner.userID.description] = 100 }
        try await worker.set(EventType.powerLevels, to: ["users": .object(levels)], in: room, as: owner)
        view = try await worker.base.view(of: self.room)
        let join = try view.join(bob, of: server)
        guard case .written = try await worker.base.receive(join, in: self.room) else {
            throw TestingError("bob could not join")
        }
    }

    /// Learns what happened in the room.
    mutating func look(_ worker: TestWorker) async throws { view = try await worker.base.view(of: room) }

    /// Does one to three things on what was seen last, which then come here.
    mutating func act(on users: [UserRecord], _ worker: TestWorker, _ random: SeededRandomSource) async throws {
        let now = worker.base.telemetry.clock.nowMilliseconds
        view.timestamp = now - 60_000 + Int64(random.number(below: 120_000))
        if random.number(below: 4) == 0 {
            // Those before it never come.
            for _ in 0..<(1 + random.number(below: 2)) { _ = try something(users, random) }
            let state = Array(view.state.values)
            try await receive(try view.say("after a gap", as: bob, of: server), after: state, worker)
        }
        for _ in 0..<(1 + random.number(below: 3)) {
            try await receive(try something(users, random), after: nil, worker)
        }
    }

    private func receive(_ event: Event, after state: [Event]?, _ worker: TestWorker) async throws {
        // What is refused is no part of the room; of too many ends the next sender makes fewer.
        do { try await worker.base.receive(event, in: room, after: state) } catch RoomWriteError.tooManyForks {}
    }

    private mutating func something(_ users: [UserRecord], _ random: SeededRandomSource) throws -> Event {
        let user = users[Int(random.number(below: UInt64(users.count)))]
        func member(_ membership: String) -> JSONValue { ["membership": .string(membership)] }
        let (target, text) = (user.userID.description, JSONValue.string("\(random.next())"))
        switch random.number(below: 10) {
        case 0: return try set(EventType.topic, ["topic": text])
        case 1: return try set(EventType.name, ["name": text])
        case 2: return try set(EventType.joinRules, ["join_rule": random.number(below: 2) == 0 ? "invite" : "public"])
        case 3:
            let visibility = ["shared", "invited", "joined"][Int(random.number(below: 3))]
            return try set(EventType.historyVisibility, ["history_visibility": .string(visibility)])
        case 4 where view.state[.member(user.userID)]?.membership == .join:
            return try set(EventType.member, key: target, member("leave"))
        case 5: return try set(EventType.member, key: target, member("ban"))
        case 6: return try set(EventType.member, key: bob.description, ["membership": "join", "displayname": text])
        case 7:
            return try view.send(
                EventType.message,
                ["msgtype": "m.text", "body": "high", "highlights": .integer(user.nid.rawValue)], as: bob, of: server)
        default: return try view.say("\(random.next())", as: bob, of: server)
        }
    }

    private mutating func set(_ type: String, key: String = "", _ content: JSONValue) throws -> Event {
        try view.send(type, stateKey: key, content, as: bob, of: server)
    }
}
