import ApusTesting
import MatrixCore
import Rooms
import Storage
import Sync
import Telemetry
import Testing

/// What a client believes about a room's state must be the room's state, whatever gaps its syncs have.
struct StateDeltaTests {
    private static let steps = 60

    @Test(arguments: [UInt64(1), 2, 3])
    func clientsEndUpWithTheRoomsState(seed: UInt64) async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let random = SeededRandomSource(seed: seed)
                let owner = try await worker.user("owner")
                var users: [UserRecord] = []
                for name in ["a", "b", "c"] { users.append(try await worker.user(name)) }
                let rooms = [try await worker.room(by: owner), try await worker.room(by: owner)]
                var clients = users.map { TestClient($0, worker) }
                for step in 0..<Self.steps {
                    for _ in 0..<Int(random.number(below: 8)) {
                        try await Self.act(random, worker, rooms, owner, users, step)
                    }
                    let index = Int(random.number(below: UInt64(clients.count)))
                    let limit = 1 + random.number(below: 6)
                    try await clients[index].sync(filter: #"{"room":{"timeline":{"limit":\#(limit)}}}"#)
                }
                // A worker that has just started knows nothing but what is stored.
                try await installation.withWorker { [clients] cold in
                    for client in clients {
                        var (warmClient, coldClient) = (client, client)
                        try await warmClient.sync()
                        try await coldClient.sync(through: cold)
                        for room in rooms {
                            let (warm, other) = (warmClient.rooms[room.description], coldClient.rooms[room.description])
                            #expect(warm?.state == other?.state, "seed \(seed)")
                            #expect(warm?.timeline == other?.timeline, "seed \(seed)")
                            try await Self.compare(warmClient, room, worker, seed)
                        }
                    }
                }
            }
        }
    }

    /// One step of somebody: talk, change the topic, a name, or the membership of somebody.
    private static func act(
        _ random: SeededRandomSource, _ worker: TestWorker, _ rooms: [RoomID], _ owner: UserRecord,
        _ users: [UserRecord],
        _ step: Int
    ) async throws {
        let room = rooms[Int(random.number(below: UInt64(rooms.count)))]
        let user = users[Int(random.number(below: UInt64(users.count)))]
        switch random.number(below: 8) {
        case 0: try? await worker.rooms.join(room, as: user)
        case 1: try? await worker.rooms.leave(room, as: user)
        case 2: try? await worker.rooms.kick(user.userID, from: room, by: owner, reason: nil)
        case 3: try? await worker.rooms.invite(user.userID, to: room, by: owner)
        case 4:
            try await worker.set(EventType.topic, to: ["topic": .string("\(random.next())")], in: room, as: owner)
        case 5:
            let key = "\(random.number(below: 5))"
            try await worker.set("org.example.thing", key, to: ["step": .integer(Int64(step))], in: room, as: owner)
        default: try await worker.say("\(step)", in: room, as: owner)
        }
    }

    private static func compare(_ client: TestClient, _ roomID: RoomID, _ worker: TestWorker, _ seed: UInt64)
        async throws
    {
        let room = try #require(try await worker.rooms.reader.room(roomID))
        let standing = try await worker.rooms.reader.memberships.membership(of: client.user.nid, in: room.nid)?.record
        let (name, who) = (roomID.description, client.user.userID)
        switch standing?.membership {
        case .join:
            #expect(!client.left.contains(name) && !client.invited.contains(name), "seed \(seed) \(who)")
            let current = try #require(try await worker.rooms.reader.current(room))
            var truth: [String: JSONValue] = [:]
            for event in try await current.allEvents() {
                truth["\(event.event.type)|\(event.event.stateKey ?? "")"] = event.event.content.value()
            }
            #expect(client.rooms[name]?.state == truth, "seed \(seed) \(who)")
        case .invite: #expect(client.invited.contains(name), "seed \(seed) \(who)")
        case .leave, .ban:
            #expect(!client.invited.contains(name), "seed \(seed) \(who)")
            #expect(client.left.contains(name) || client.rooms[name] == nil, "seed \(seed) \(who)")
        case .knock, nil: #expect(client.rooms[name] == nil, "seed \(seed) \(who)")
        }
    }

    @Test func aGapIsFilledWithTheStateBeforeTheTimeline() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let first = try await worker.sync(bob)
                try await worker.set(EventType.topic, to: ["topic": "one"], in: room, as: alice)
                try await worker.set(EventType.name, to: ["name": "N"], in: room, as: alice)
                for number in 0..<5 { try await worker.say("\(number)", in: room, as: alice) }
                try await worker.set(EventType.topic, to: ["topic": "two"], in: room, as: alice)
                try await worker.say("end", in: room, as: alice)
                let filter = #"{"room":{"timeline":{"limit":3}}}"#
                let answer = try await worker.sync(bob, since: first.next, filter: filter)
                #expect(answer.bodies(room) == ["4", "end"])
                #expect(answer.timeline(room).count == 3)
                #expect(answer.room(room)?["timeline"]?["limited"]?.bool == true)
                let state = answer.state(room)
                #expect(Set(state.map(\.stateName)) == ["m.room.topic|", "m.room.name|"])
                #expect(state.first { $0.stateName == "m.room.topic|" }?["content"]?["topic"]?.string == "one")
                // The same with the state at the end.
                let after = try await worker.sync(bob, since: first.next, filter: filter, stateAfter: true)
                #expect(after.room(room)?["state"] == nil)
                let end = after.room(room)?["state_after"]?.events ?? []
                #expect(end.first { $0.stateName == "m.room.topic|" }?["content"]?["topic"]?.string == "two")
            }
        }
    }

    @Test func fullStateIsToldAgain() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                let room = try await worker.room(by: alice)
                let first = try await worker.sync(alice)
                let answer = try await worker.sync(alice, since: first.next, timeout: .seconds(30), fullState: true)
                #expect(answer.timeline(room).isEmpty)
                #expect(answer.state(room).contains { $0.stateName == "m.room.create|" })
            }
        }
    }
}
