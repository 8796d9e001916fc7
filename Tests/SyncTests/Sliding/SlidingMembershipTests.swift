import ApusTesting
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Sync
import Testing

/// Rooms that the user is not in, or not any more.
struct SlidingMembershipTests {
    private static let list = SlidingRequest.List.newest(
        timeline: 10, state: [("m.room.member", "$ME"), ("m.room.name", "")])

    @Test func invitesComeStripped() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.base.room(by: alice) {
                    $0.preset = .privateChat
                    $0.name = "Private"
                }
                try await worker.say("secret", in: room, as: alice)
                let first = try await worker.slide(bob, list: Self.list)
                try await worker.rooms.invite(bob.userID, to: room, by: alice)
                let second = try await worker.slide(bob, at: first.position, list: Self.list)
                let invite = try #require(second.slid(room))
                #expect(invite["membership"]?.string == "invite" && invite["initial"]?.bool == true)
                let told = Set((invite["stripped_state"]?.all ?? []).map(\.stateName))
                let names: Set = ["m.room.name|", "m.room.member|@bob:example.org", "m.room.member|@alice:example.org"]
                #expect(told.isSuperset(of: names))
                for key in ["timeline", "required_state", "name", "joined_count", "heroes", "prev_batch"] {
                    #expect(invite[key] == nil, "\(key)")
                }
                #expect(invite["bump_stamp"]?.int ?? 0 > 0)
                #expect(try await worker.slide(bob, at: second.position, list: Self.list).slidRooms.isEmpty)
                // Clients of today know it by another name.
                let today = try await worker.slide(bob, dialect: .unstable) { $0.lists["list"] = Self.list }
                #expect(today.slid(room)?["invite_state"]?.all.isEmpty == false)
                #expect(today.slid(room)?["stripped_state"] == nil && today.slid(room)?["membership"] == nil)
                // Joined: told from the start.
                try await worker.rooms.join(room, as: bob)
                let third = try await worker.slide(bob, at: second.position, list: Self.list)
                #expect(third.slid(room)?["initial"]?.bool == true && third.slid(room)?["name"]?.string == "Private")
                #expect(third.slid(room)?["membership"]?.string == "join")
            }
        }
    }

    @Test func refusedInvitesAreToldOnce() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.base.room(by: alice) { $0.preset = .privateChat }
                try await worker.rooms.invite(bob.userID, to: room, by: alice)
                let first = try await worker.slide(bob, list: Self.list)
                try await worker.rooms.leave(room, as: bob)
                let second = try await worker.slide(bob, at: first.position, list: Self.list)
                let told = try #require(second.slid(room))
                #expect(told["membership"]?.string == "leave")
                #expect(told["stripped_state"]?.all.map(\.stateName) == ["m.room.member|@bob:example.org"])
                #expect(told.slidState == ["m.room.member|@bob:example.org"])
                #expect(told.slidTimeline.allSatisfy { $0["type"]?.string == EventType.member } && told["name"] == nil)
                let third = try await worker.slide(bob, at: second.position, list: Self.list)
                #expect(third.slidRooms.isEmpty && third.count() == 0)
                // Whoever did not know of it is not told.
                #expect(try await worker.slide(bob, list: Self.list).slidRooms.isEmpty)
            }
        }
    }

    @Test func invitesOfIgnoredUsersAreNotThere() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.base.room(by: alice) { $0.preset = .privateChat }
                try await worker.rooms.invite(bob.userID, to: room, by: alice)
                try await worker.setAccountData(
                    "m.ignored_user_list", of: bob, to: #"{"ignored_users":{"\#(alice.userID)":{}}}"#)
                let answer = try await worker.slide(bob) {
                    $0.lists["list"] = Self.list
                    $0.subscriptions[room] = Self.list.config
                }
                #expect(answer.slidRooms.isEmpty && answer.count() == 0)
            }
        }
    }

    /// ATTACKS 31 (CVE-2024-53867): whatever ends a stay, the connection shows the end of it and nothing from after.
    @Test(arguments: ["leave", "kick", "ban", "leave and ban"])
    func nothingIsShownFromAfterTheEnd(how: String) async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob], name: "Before")
                let all = SlidingRequest.List.newest(timeline: 10, state: [(nil, nil)])
                let first = try await worker.slide(bob, list: all)
                try await worker.say("last seen", in: room, as: alice)
                switch how {
                case "kick": try await worker.rooms.kick(bob.userID, from: room, by: alice, reason: nil)
                case "ban": try await worker.rooms.ban(bob.userID, from: room, by: alice, reason: nil)
                default: try await worker.rooms.leave(room, as: bob)
                }
                try await worker.say("unseen", in: room, as: alice)
                try await worker.set(EventType.name, to: ["name": "After"], in: room, as: alice)
                try await worker.set(EventType.topic, to: ["topic": "After"], in: room, as: alice)
                if how == "leave and ban" {
                    try await worker.rooms.ban(bob.userID, from: room, by: alice, reason: nil)
                    try await worker.say("unseen", in: room, as: alice)
                }
                let second = try await worker.slide(bob, at: first.position, list: all)
                let told = try #require(second.slid(room))
                #expect(told["membership"]?.string == (how.hasSuffix("ban") ? "ban" : "leave"))
                #expect(told["initial"] == nil && told.slidBodies == ["last seen"])
                #expect(told.slidTimeline.last?["state_key"]?.string == bob.userID.description)
                #expect(told.slidState == ["m.room.member|@bob:example.org"])
                #expect(told["name"] == nil && told["joined_count"] == nil && told["heroes"] == nil)
                // Nothing more comes, whoever does what.
                try await worker.say("unseen", in: room, as: alice)
                let third = try await worker.slide(bob, at: second.position, list: all)
                #expect(third.slidRooms.isEmpty)
                #expect(third.count() == (how == "leave" ? 0 : 1), "who was put out keeps it in the list")
                // A new connection knows the room as it was; who left by themselves does not have it in a list.
                for connection in ["list", "subscription"] {
                    let other = try await worker.slide(bob, connection: connection) {
                        if connection == "list" { $0.lists["list"] = all }
                        if connection == "subscription" { $0.subscriptions[room] = all.config }
                    }
                    guard connection == "subscription" || how != "leave" else {
                        #expect(other.slidRooms.isEmpty)
                        continue
                    }
                    let whole = try #require(other.slid(room), "\(connection)")
                    #expect(whole["initial"]?.bool == true && whole["name"]?.string == "Before")
                    #expect(whole.slidBodies == ["last seen"] && whole["joined_count"] == nil)
                    let state = whole["required_state"]?.all ?? []
                    #expect(state.first { $0.stateName == "m.room.name|" }?["content"]?["name"]?.string == "Before")
                    #expect(!whole.slidState.contains("m.room.topic|"))
                    let own = state.first { $0.stateName == "m.room.member|@bob:example.org" }
                    #expect(own?["content"]?["membership"]?.string == whole["membership"]?.string)
                }
            }
        }
    }

    @Test func leavingWhileTheRoomIsOutOfSightIsToldLater() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let all = SlidingRequest.List.newest(timeline: 10)
                let none = SlidingRequest.List.newest { $0.isInvited = true }
                let first = try await worker.slide(bob, list: all)
                try await worker.say("seen later", in: room, as: alice)
                let second = try await worker.slide(bob, at: first.position, list: none)
                try await worker.rooms.leave(room, as: bob)
                let third = try await worker.slide(bob, at: second.position, list: none)
                try await worker.say("unseen", in: room, as: alice)
                let fourth = try await worker.slide(bob, at: third.position, list: all)
                #expect(fourth.slid(room)?.slidBodies == ["seen later"])
                #expect(fourth.slid(room)?["membership"]?.string == "leave")
                // Back again: from the start.
                try await worker.rooms.join(room, as: bob)
                let fifth = try await worker.slide(bob, at: fourth.position, list: all)
                #expect(fifth.slid(room)?["initial"]?.bool == true && fifth.slid(room)?["membership"]?.string == "join")
            }
        }
    }

    @Test func whoWentAndCameBackIsToldAnew() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                try await worker.set(
                    EventType.historyVisibility, to: ["history_visibility": "joined"], in: room, as: alice)
                let first = try await worker.slide(bob, list: Self.list)
                try await worker.rooms.leave(room, as: bob)
                try await worker.say("unseen", in: room, as: alice)
                try await worker.rooms.join(room, as: bob)
                let second = try await worker.slide(bob, at: first.position, list: Self.list)
                #expect(second.slid(room)?["initial"]?.bool == true)
                #expect(second.slid(room)?.slidBodies.isEmpty == true)
                // A change of the name that others see is no new stay.
                try await worker.set(
                    EventType.member, bob.userID.description, to: ["membership": "join", "displayname": "B"], in: room,
                    as: bob)
                let third = try await worker.slide(bob, at: second.position, list: Self.list)
                #expect(third.slid(room)?["initial"] == nil)
                #expect(third.slid(room)?.slidState == ["m.room.member|@bob:example.org"])
            }
        }
    }

    @Test func forgottenRoomsAreGone() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let first = try await worker.slide(bob, list: Self.list)
                try await worker.rooms.kick(bob.userID, from: room, by: alice, reason: nil)
                try await worker.rooms.forget(room, as: bob)
                // A client that had it learns that it is over, and nothing else.
                let second = try await worker.slide(bob, at: first.position, list: Self.list)
                #expect(second.slid(room)?["membership"]?.string == "leave" && second.slid(room)?["timeline"] == nil)
                let third = try await worker.slide(bob, at: second.position, list: Self.list)
                #expect(third.slidRooms.isEmpty && third.count() == 0)
                let other = try await worker.slide(bob) {
                    $0.lists["list"] = Self.list
                    $0.subscriptions[room] = Self.list.config
                }
                #expect(other.slidRooms.isEmpty && other.count() == 0)
            }
        }
    }

    @Test func whoWasBannedWithoutHavingBeenThereHasNoRoom() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice)
                try await worker.rooms.ban(bob.userID, from: room, by: alice, reason: nil)
                let answer = try await worker.slide(bob) {
                    $0.lists["list"] = Self.list
                    $0.subscriptions[room] = Self.list.config
                }
                #expect(answer.slidRooms.isEmpty && answer.count() == 0)
            }
        }
    }
}
