import ApusTesting
import Cluster
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Sync
import Testing

/// Rooms that somebody made to be unreadable.
struct BrokenRoomTests {
    @Test func stateOfWrongTypesIsShownAsItIs() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let first = try await worker.sync(bob)
                let nonsense: [JSONValue] = [["name": 7], ["name": ["x": []]], ["name": .null]]
                for (type, key) in [
                    (EventType.name, ""), (EventType.canonicalAlias, ""), (EventType.historyVisibility, ""),
                    (EventType.topic, ""), ("m.room.avatar", ""), (EventType.encryption, ""), ("m.room.tombstone", ""),
                    (EventType.serverACL, ""),
                ] {
                    for (number, content) in nonsense.enumerated() {
                        var members = content.object ?? [:]
                        for name in ["alias", "history_visibility", "allow", "replacement_room", "algorithm"] {
                            members[name] = number == 0 ? [1, 2] : ["deep": ["deep": []]]
                        }
                        try await worker.set(type, key, to: .object(members), in: room, as: alice)
                    }
                }
                try await worker.set(
                    EventType.member, bob.userID.description,
                    to: ["membership": "join", "displayname": ["no": "name"], "avatar_url": 3], in: room, as: bob)
                try await worker.say("after", in: room, as: alice, ["m.relates_to": [1], "m.mentions": 7])
                for since in [nil, first.next] {
                    let answer = try await worker.sync(bob, since: since)
                    #expect(answer.bodies(room) == ["after"])
                    #expect(answer.room(room)?["summary"]?["m.heroes"]?.value() == ["@alice:example.org"])
                }
            }
        }
    }

    @Test func aRoomThatCannotBeReadIsLeftOutAndTheOthersAreNot() async throws {
        try await TestInstallation.with { installation in
            var rooms: [RoomID] = []
            var next = ""
            let writer = try await installation.worker()
            let (alice, bob) = (try await writer.user("alice"), try await writer.user("bob"))
            for _ in 0..<5 { rooms.append(try await writer.room(by: alice, members: [bob])) }
            next = try await writer.sync(bob).next
            for room in rooms { try await writer.say("hello", in: room, as: alice) }
            let record = try await writer.base.record(rooms[2])
            try await writer.pool.simple(
                "update events set body = 'nonsense' where room_nid = \(record.nid.rawValue) and event_type = 'm.room.message'"
            )
            await writer.pool.close()
            try await installation.withWorker { [rooms, next] worker in
                for since in [nil, next] {
                    let answer = try await worker.sync(bob, since: since)
                    #expect(answer.room(rooms[2]) == nil)
                    for (index, room) in rooms.enumerated() where index != 2 {
                        #expect(answer.bodies(room) == ["hello"], "room \(index)")
                    }
                }
            }
        }
    }
}
