import ApusTesting
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Sync
import Testing

/// What is told of rooms that the user is in.
struct SlidingRoomTests {
    @Test func aFirstAnswerTellsTheNewestRooms() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                var rooms: [RoomID] = []
                for number in 0..<5 {
                    rooms.append(try await worker.room(by: alice, members: [bob], name: "Room \(number)"))
                }
                try await worker.say("late", in: rooms[1], as: bob)
                try await worker.set(EventType.avatar, to: ["url": "mxc://a/b"], in: rooms[1], as: alice)
                let list = SlidingRequest.List.newest(
                    2, timeline: 3, state: [("m.room.create", ""), ("m.room.member", "$ME")])
                let answer = try await worker.slide(alice, list: list)
                #expect(answer.count() == 5)
                #expect(Set(answer.slidRooms.keys) == [rooms[1].description, rooms[4].description])
                let room = try #require(answer.slid(rooms[1]))
                #expect(room["initial"]?.bool == true && room["limited"]?.bool == true)
                #expect(room["name"]?.string == "Room 1" && room["avatar"]?.string == "mxc://a/b")
                #expect(room["membership"]?.string == "join" && room["lists"]?.all.map(\.string) == ["list"])
                #expect(room["joined_count"]?.int == 2 && room["invited_count"]?.int == 0)
                #expect(room["num_live"]?.int == 0 && room["heroes"] == nil && room["is_dm"] == nil)
                #expect(room.slidState == ["m.room.create|", "m.room.member|@alice:example.org"])
                #expect(room.slidTimeline.count == 3 && room.slidBodies == ["late"])
                #expect(room.slidTimeline.allSatisfy { $0["room_id"] == nil && $0["event_id"] != nil })
                // The newest activity is the message, not the avatar after it.
                let other = try #require(answer.slid(rooms[4])?["bump_stamp"]?.int)
                #expect(try #require(room["bump_stamp"]?.int) >= other)
                // The token before the timeline leads to what is before it, and the position is one as well.
                let readable = try await worker.rooms.readableRoom(rooms[1], by: alice)
                for token in [room["prev_batch"]?.string, answer.position] {
                    let page = try await worker.rooms.page(
                        of: readable, from: token, to: nil, direction: .backwards, limit: 100, matching: { _ in true })
                    #expect(page.events.last?.event.type == EventType.create)
                }
            }
        }
    }

    @Test func furtherAnswersTellWhatIsDifferent() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob], name: "Old")
                let quiet = try await worker.room(by: alice, members: [bob])
                let list = SlidingRequest.List.newest(state: [("m.room.name", ""), ("m.room.topic", "")])
                let first = try await worker.slide(alice, list: list)
                let second = try await worker.slide(alice, at: first.position, list: list)
                #expect(second.slidRooms.isEmpty && second.count() == 2)
                try await worker.say("hello", in: room, as: bob)
                try await worker.set(EventType.name, to: ["name": "New"], in: room, as: alice)
                let third = try await worker.slide(alice, at: second.position, list: list)
                #expect(third.slid(quiet) == nil)
                let told = try #require(third.slid(room))
                #expect(told["initial"] == nil && told["limited"]?.bool == false)
                #expect(told["num_live"]?.int == 2 && told.slidBodies == ["hello"])
                #expect(told["name"]?.string == "New" && told["avatar"] == nil && told["joined_count"] == nil)
                #expect(told.slidState == ["m.room.name|"])
                #expect(try #require(told["bump_stamp"]?.int) >= first.slid(room)?["bump_stamp"]?.int ?? 0)
                // The same again: the same answer.
                let again = try await worker.slide(alice, at: second.position, list: list)
                #expect(
                    again.slid(room)?.slidTimeline.compactMap { $0["event_id"]?.string }
                        == told.slidTimeline.compactMap { $0["event_id"]?.string })
                #expect(try await worker.slide(alice, at: again.position, list: list).slidRooms.isEmpty)
                // A name that is taken away.
                try await worker.set(EventType.name, to: [:], in: room, as: alice)
                let fourth = try await worker.slide(alice, at: third.position, list: list)
                #expect(fourth.slid(room)?["name"]?.isNull == true)
                #expect(fourth.slid(room)?["heroes"]?.all.map { $0["user_id"]?.string } == ["@bob:example.org"])
                #expect(fourth.slid(room)?["bump_stamp"] == nil, "names do not move a room")
            }
        }
    }

    @Test func roomsWithoutANameHaveHeroes() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                try await worker.set(
                    EventType.member, bob.userID.description,
                    to: ["membership": "join", "displayname": "Bob", "avatar_url": "mxc://b/c"], in: room, as: bob)
                let list = SlidingRequest.List.newest()
                let first = try await worker.slide(alice, list: list)
                let hero = try #require(first.slid(room)?["heroes"]?.all.first)
                #expect(hero["user_id"]?.string == "@bob:example.org")
                #expect(hero["displayname"]?.string == "Bob" && hero["avatar_url"]?.string == "mxc://b/c")
                try await worker.rooms.leave(room, as: bob)
                let second = try await worker.slide(alice, at: first.position, list: list)
                #expect(second.slid(room)?["joined_count"]?.int == 1)
                #expect(second.slid(room)?["heroes"]?.all.count == 1, "who has left is who it was about")
            }
        }
    }

    @Test func moreOfTheTimelineIsToldWhenItIsAskedFor() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                let room = try await worker.room(by: alice)
                for number in 0..<6 { try await worker.say("\(number)", in: room, as: alice) }
                let one = SlidingRequest.List.newest(timeline: 1)
                let first = try await worker.slide(alice, list: one)
                #expect(first.slid(room)?.slidBodies == ["5"])
                func subscribed(_ position: String, _ limit: Int) async throws -> JSONDocument {
                    try await worker.slide(alice, at: position, dialect: .unstable) {
                        $0.lists["list"] = one
                        $0.subscriptions[room] = SlidingRoomConfig(timelineLimit: limit, requiredState: .nothing)
                    }
                }
                let second = try await subscribed(first.position, 4)
                let told = try #require(second.slid(room))
                #expect(told["unstable_expanded_timeline"]?.bool == true && told["initial"] == nil)
                #expect(told.slidBodies == ["2", "3", "4", "5"] && told["num_live"]?.int == 0)
                #expect(told["limited"]?.bool == true)
                // The client has them: neither less nor the same again is news.
                #expect(try await subscribed(second.position, 4).slidRooms.isEmpty)
                let third = try await worker.slide(alice, at: second.position, list: one)
                #expect(third.slidRooms.isEmpty)
                #expect(try await subscribed(third.position, 4).slidRooms.isEmpty)
                // All that there is: no more can be asked for.
                let fourth = try await subscribed(third.position, 100)
                #expect(fourth.slid(room)?["limited"]?.bool == false)
                #expect(try await subscribed(fourth.position, 100).slidRooms.isEmpty)
                // A gap makes the client know less.
                for number in 6..<12 { try await worker.say("\(number)", in: room, as: alice) }
                let fifth = try await worker.slide(alice, at: fourth.position, list: one)
                #expect(fifth.slid(room)?["limited"]?.bool == true && fifth.slid(room)?.slidBodies == ["11"])
                let sixth = try await subscribed(fifth.position, 2)
                #expect(sixth.slid(room)?["unstable_expanded_timeline"]?.bool == true)
                #expect(sixth.slid(room)?.slidBodies == ["10", "11"])
            }
        }
    }

    @Test func moreStateIsToldWhenItIsAskedFor() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                let room = try await worker.room(by: alice, name: "Name")
                try await worker.set(EventType.topic, to: ["topic": "T"], in: room, as: alice)
                let narrow = SlidingRequest.List.newest(state: [("m.room.name", "")])
                let wide = SlidingRequest.List.newest(state: [("m.room.name", ""), ("m.room.topic", nil)])
                let first = try await worker.slide(alice, list: narrow)
                let second = try await worker.slide(alice, at: first.position, list: wide)
                #expect(second.slid(room)?.slidState == ["m.room.topic|"])
                #expect(second.slid(room)?["timeline"] == nil)
                #expect(try await worker.slide(alice, at: second.position, list: wide).slidRooms.isEmpty)
                // Less is no news, and more again is none as long as nothing happened.
                let third = try await worker.slide(alice, at: second.position, list: narrow)
                #expect(third.slidRooms.isEmpty)
                let fourth = try await worker.slide(alice, at: third.position, list: wide)
                #expect(fourth.slidRooms.isEmpty)
                // What changed while it was not asked for is told when it is.
                let fifth = try await worker.slide(alice, at: fourth.position, list: narrow)
                try await worker.set(EventType.topic, to: ["topic": "U"], in: room, as: alice)
                let sixth = try await worker.slide(alice, at: fifth.position, list: narrow)
                #expect(sixth.slid(room)?.slidState == [])
                let seventh = try await worker.slide(alice, at: sixth.position, list: wide)
                #expect(seventh.slid(room)?.slidState == ["m.room.topic|"])
            }
        }
    }

    @Test func requiredStateKnowsWildcardsAndExceptions() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob], name: "Name")
                try await worker.set("org.example.x", "one", to: ["a": 1], in: room, as: alice)
                try await worker.set("org.example.x", "two", to: ["a": 1], in: room, as: alice)
                func state(_ required: RequiredState) async throws -> [String] {
                    let config = SlidingRoomConfig(timelineLimit: 0, requiredState: required)
                    let answer = try await worker.slide(alice, list: SlidingRequest.List(config: config))
                    return answer.slid(room)?.slidState ?? []
                }
                let all = try await state(.these([(nil, nil)]))
                let members = ["m.room.member|@alice:example.org", "m.room.member|@bob:example.org"]
                #expect(Set(all).isSuperset(of: members + ["m.room.create|", "org.example.x|one", "m.room.name|"]))
                #expect(
                    try await state(.these([("org.example.x", nil)])) == ["org.example.x|one", "org.example.x|two"])
                #expect(try await state(.these([(nil, "two")])) == ["org.example.x|two"])
                let except = RequiredState(
                    include: [.init(type: nil, stateKey: nil)], exclude: [.init(type: "m.room.member", stateKey: nil)])
                #expect(try await state(except) == all.filter { !$0.hasPrefix("m.room.member|") })
                // Lazily: nobody has said anything, and one is named.
                #expect(
                    try await state(.these([(nil, nil), ("m.room.member", "$ME")], lazy: true))
                        == all.filter { $0 != members[1] })
                #expect(try await state(.nothing).isEmpty)
            }
        }
    }

    @Test func membersAreToldWhenTheyAreNeeded() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                let (bob, carol, dave) = (
                    try await worker.user("bob"), try await worker.user("carol"), try await worker.user("dave")
                )
                let room = try await worker.room(by: alice, members: [bob, carol])
                try await worker.say("one", in: room, as: bob)
                let list = SlidingRequest.List.newest(timeline: 1, lazy: true)
                let first = try await worker.slide(alice, list: list)
                #expect(first.slid(room)?.slidState == ["m.room.member|@bob:example.org"])
                try await worker.say("two", in: room, as: bob)
                let second = try await worker.slide(alice, at: first.position, list: list)
                #expect(second.slid(room)?.slidState == [], "it is known")
                try await worker.say("three", in: room, as: carol)
                let third = try await worker.slide(alice, at: second.position, list: list)
                #expect(third.slid(room)?.slidState == ["m.room.member|@carol:example.org"])
                // Without a gap every change of members is told.
                try await worker.rooms.join(room, as: dave)
                let fourth = try await worker.slide(alice, at: third.position, list: list)
                #expect(fourth.slid(room)?.slidState == ["m.room.member|@dave:example.org"])
                // With one only of those who are shown.
                try await worker.rooms.leave(room, as: dave)
                try await worker.set(
                    EventType.member, bob.userID.description, to: ["membership": "join", "displayname": "B"], in: room,
                    as: bob)
                try await worker.say("four", in: room, as: carol)
                let fifth = try await worker.slide(alice, at: fourth.position, list: list)
                #expect(fifth.slid(room)?["limited"]?.bool == true && fifth.slid(room)?.slidState == [])
                try await worker.say("five", in: room, as: bob)
                let sixth = try await worker.slide(alice, at: fifth.position, list: list)
                #expect(
                    sixth.slid(room)?.slidState == ["m.room.member|@bob:example.org"], "what is known of him is old")
            }
        }
    }
}
