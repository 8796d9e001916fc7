import ApusTesting
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Sync
import Testing

/// Which rooms lists have.
struct SlidingListTests {
    @Test func windowsMoveWithTheActivity() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                var rooms: [RoomID] = []
                for _ in 0..<6 {
                    rooms.append(try await worker.room(by: alice, members: [bob]))
                    // Times tell milliseconds apart.
                    try await Task.sleep(for: .milliseconds(3))
                }
                let two = SlidingRequest.List.newest(2, timeline: 1)
                let first = try await worker.slide(alice, list: two)
                #expect(Set(first.slidRooms.keys) == Set([rooms[5], rooms[4]].map(\.description)))
                // A larger window: only what is new in it.
                let four = SlidingRequest.List.newest(4, timeline: 1)
                let second = try await worker.slide(alice, at: first.position, list: four)
                #expect(Set(second.slidRooms.keys) == Set([rooms[3], rooms[2]].map(\.description)))
                #expect(second.slidRooms.values.allSatisfy { $0["initial"]?.bool == true })
                // What falls out of the window is told when it comes back, without a gap.
                try await worker.say("0", in: rooms[0], as: bob)
                try await Task.sleep(for: .milliseconds(3))
                try await worker.say("1", in: rooms[1], as: bob)
                let third = try await worker.slide(alice, at: second.position, list: two)
                #expect(Set(third.slidRooms.keys) == Set([rooms[0], rooms[1]].map(\.description)))
                try await worker.say("passed over", in: rooms[5], as: bob)
                try await Task.sleep(for: .milliseconds(3))
                for room in [rooms[0], rooms[1]] { try await worker.say("again", in: room, as: bob) }
                let fourth = try await worker.slide(alice, at: third.position, list: two)
                #expect(fourth.slid(rooms[5]) == nil)
                let fifth = try await worker.slide(alice, at: fourth.position, list: .newest(6, timeline: 5))
                let back = try #require(fifth.slid(rooms[5]))
                #expect(back["initial"] == nil && back["expanded_timeline"]?.bool == true)
                let sixth = try await worker.slide(alice, at: fourth.position, list: .newest(6, timeline: 1))
                #expect(sixth.slid(rooms[5])?.slidBodies == ["passed over"])
                #expect(sixth.slid(rooms[5])?["initial"] == nil && sixth.slid(rooms[5])?["limited"]?.bool == false)
                // Two windows of one list.
                var parts = two
                parts.ranges = [0...0, 3...4]
                let seventh = try await worker.slide(bob, list: parts)
                #expect(seventh.slidRooms.count == 3 && seventh.count() == 6)
                parts.ranges = [10...20]
                #expect(try await worker.slide(bob, list: parts).slidRooms.isEmpty)
            }
        }
    }

    @Test func filtersLeaveWhatTheyName() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let plain = try await worker.room(by: alice, members: [bob])
                let secret = try await worker.room(by: alice, members: [bob])
                try await worker.set(
                    EventType.encryption, to: ["algorithm": "m.megolm.v1.aes-sha2"], in: secret, as: alice)
                let space = try await worker.base.room(by: alice, members: [bob]) {
                    $0.creationContent = ["type": "m.space"]
                }
                try await worker.set(
                    EventType.spaceChild, plain.description, to: ["via": ["example.org"]], in: space, as: alice)
                try await worker.set(EventType.spaceChild, secret.description, to: [:], in: space, as: alice)
                let invite = try await worker.base.room(by: alice) { $0.preset = .privateChat }
                try await worker.rooms.invite(bob.userID, to: invite, by: alice)
                try await worker.setAccountData(
                    "m.direct", of: bob, to: #"{"\#(alice.userID)":["\#(secret)","!unknown:example.org",7]}"#)
                try await worker.setAccountData(
                    "m.tag", in: plain, of: bob, to: #"{"tags":{"m.favourite":{},"u.a":{}}}"#)
                let all = Set([plain, secret, space, invite].map(\.description))
                func expect(_ wanted: [RoomID], _ filter: (inout SlidingFilter) -> Void, _ note: Comment) async throws {
                    let answer = try await worker.slide(bob, list: .newest(filter: filter))
                    #expect(Set(answer.slidRooms.keys) == Set(wanted.map(\.description)), note)
                    #expect(answer.count() == Int64(wanted.count), note)
                }
                #expect(Set(try await worker.slide(bob, list: .newest()).slidRooms.keys) == all)
                try await expect([secret], { $0.isDirect = true }, "is_dm")
                try await expect([plain, space, invite], { $0.isDirect = false }, "not is_dm")
                try await expect([secret], { $0.isEncrypted = true }, "is_encrypted")
                try await expect([plain, space, invite], { $0.isEncrypted = false }, "not is_encrypted")
                try await expect([invite], { $0.isInvited = true }, "is_invited")
                try await expect([plain, secret, space], { $0.isInvited = false }, "not is_invited")
                try await expect([space], { $0.roomTypes = ["m.space"] }, "room_types")
                try await expect([plain, secret, invite], { $0.roomTypes = [nil] }, "rooms without a type")
                try await expect(
                    [plain, secret, invite],
                    {
                        $0.roomTypes = ["m.space", nil]
                        $0.notRoomTypes = ["m.space"]
                    }, "not_room_types wins")
                try await expect([plain], { $0.tags = ["m.favourite", "u.b"] }, "tags")
                try await expect([secret, space, invite], { $0.notTags = ["u.a"] }, "not_tags")
                try await expect(
                    [],
                    {
                        $0.tags = ["m.favourite"]
                        $0.notTags = ["u.a"]
                    }, "not_tags wins")
                try await expect([plain], { $0.spaces = [space] }, "spaces; a child without servers is none")
                try await expect([], { $0.spaces = [plain, RoomID("!no:example.org")!] }, "no spaces")
                try await expect(
                    [],
                    {
                        $0.isDirect = true
                        $0.isEncrypted = false
                    }, "all that is set applies")
                // What was true before is not for ever.
                try await worker.set(
                    EventType.encryption, to: ["algorithm": "m.megolm.v1.aes-sha2"], in: plain, as: alice)
                try await worker.setAccountData("m.tag", in: plain, of: bob, to: nil)
                try await worker.setAccountData("m.direct", of: bob, to: "{}")
                try await expect([plain, secret], { $0.isEncrypted = true }, "is_encrypted, later")
                try await expect([], { $0.tags = ["m.favourite"] }, "tags, later")
                try await expect([], { $0.isDirect = true }, "is_dm, later")
            }
        }
    }

    @Test func spacesOfOthersSayNothing() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let space = try await worker.base.room(by: alice) { $0.creationContent = ["type": "m.space"] }
                try await worker.set(
                    EventType.spaceChild, room.description, to: ["via": ["example.org"]], in: space, as: alice)
                let list = SlidingRequest.List.newest { $0.spaces = [space] }
                #expect(try await worker.slide(bob, list: list).slidRooms.isEmpty)
                #expect(try await worker.slide(alice, list: list).slidRooms.count == 1)
            }
        }
    }

    @Test func aRoomThatBecomesDirectIsTold() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                let room = try await worker.room(by: alice)
                let first = try await worker.slide(alice, list: .newest())
                try await worker.setAccountData("m.direct", of: alice, to: #"{"@b:example.org":["\#(room)"]}"#)
                let second = try await worker.slide(alice, at: first.position, list: .newest())
                #expect(second.slid(room)?["is_dm"]?.bool == true && second.slid(room)?["timeline"] == nil)
                try await worker.setAccountData("m.direct", of: alice, to: "{}")
                let third = try await worker.slide(alice, at: second.position, list: .newest())
                #expect(third.slid(room)?["is_dm"]?.bool == false)
                #expect(try await worker.slide(alice, at: third.position, list: .newest()).slidRooms.isEmpty)
            }
        }
    }

    @Test func subscriptionsAreOnlyForWhoMaySeeTheRoom() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let mine = try await worker.room(by: alice)
                let other = try await worker.room(by: bob)
                try await worker.set(
                    EventType.historyVisibility, to: ["history_visibility": "world_readable"], in: other, as: bob)
                let config = SlidingRoomConfig(timelineLimit: 5, requiredState: .these([(nil, nil)]))
                let answer = try await worker.slide(alice) {
                    for room in [mine, other, RoomID("!none:example.org")!] { $0.subscriptions[room] = config }
                }
                #expect(Set(answer.slidRooms.keys) == [mine.description])
                #expect(answer.slid(mine)?["lists"] == nil)
            }
        }
    }
}
