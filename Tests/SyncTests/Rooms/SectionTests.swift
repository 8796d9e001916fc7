import ApusTesting
import Cluster
import MatrixCore
import Rooms
import Storage
import Sync
import Testing

/// In which section a room stands, and how it gets from one to another.
struct SectionTests {
    private func privateRoom(_ worker: TestWorker, by creator: UserRecord) async throws -> RoomID {
        var creation = RoomCreation(version: .default)
        creation.preset = .privateChat
        creation.name = "Secret"
        return try await worker.rooms.create(creation, by: creator, aliases: nil)
    }

    @Test func followsAnInviteThroughJoinAndLeave() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await privateRoom(worker, by: alice)
                let first = try await worker.sync(bob)
                try await worker.rooms.invite(bob.userID, to: room, by: alice)
                let invited = try await worker.sync(bob, since: first.next)
                let stripped = invited.room(room, "invite")?["invite_state"]?.events ?? []
                let names = Set(stripped.map(\.stateName))
                #expect(
                    names.isSuperset(of: [
                        "m.room.create|", "m.room.name|", "m.room.join_rules|", "m.room.member|@bob:example.org",
                        "m.room.member|@alice:example.org",
                    ]))
                #expect(stripped.allSatisfy { $0["event_id"] == nil && $0["sender"] != nil })
                #expect(invited.room(room) == nil)
                // A first sync has it too.
                #expect(try await worker.sync(bob).room(room, "invite") != nil)

                try await worker.rooms.join(room, as: bob)
                let joined = try await worker.sync(bob, since: invited.next)
                #expect(joined.room(room, "invite") == nil)
                #expect((joined.state(room) + joined.timeline(room)).contains { $0.stateName == "m.room.create|" })

                try await worker.say("bye", in: room, as: alice)
                try await worker.rooms.leave(room, as: bob)
                try await worker.say("gone", in: room, as: alice)
                let left = try await worker.sync(bob, since: joined.next)
                #expect(left.room(room) == nil)
                #expect(left.bodies(room, "leave") == ["bye"])
                #expect(left.timeline(room, "leave").last?["content"]?["membership"]?.string == "leave")
                #expect(try await worker.sync(bob, since: left.next).isQuiet)
            }
        }
    }

    @Test func showsRoomsThatWereLeftOnlyToWhoAsks() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                try await worker.say("seen", in: room, as: alice)
                try await worker.rooms.leave(room, as: bob)
                try await worker.say("unseen", in: room, as: alice)
                #expect(try await worker.sync(bob).room(room, "leave") == nil)
                let filter = #"{"room":{"include_leave":true}}"#
                let shown = try await worker.sync(bob, filter: filter)
                #expect(shown.bodies(room, "leave") == ["seen"])
                try await worker.rooms.forget(room, as: bob)
                #expect(try await worker.sync(bob, filter: filter).room(room, "leave") == nil)
                #expect(try await worker.sync(bob, since: shown.next, filter: filter).isQuiet)
            }
        }
    }

    @Test func aRoomJoinedAndLeftInBetweenIsShownAsLeft() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice)
                let first = try await worker.sync(bob)
                try await worker.rooms.join(room, as: bob)
                try await worker.say("while there", in: room, as: alice)
                try await worker.rooms.leave(room, as: bob)
                let answer = try await worker.sync(bob, since: first.next)
                #expect(answer.room(room) == nil)
                #expect(answer.bodies(room, "leave") == ["while there"])
            }
        }
    }

    /// Nothing that a client has of an earlier stay goes on into what it is told now.
    @Test func aRoomThatIsToldAnewAsLeftHasAGapBeforeIt() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let first = try await worker.sync(bob)
                try await worker.rooms.leave(room, as: bob)
                let left = try await worker.sync(bob, since: first.next)
                #expect(left.room(room, "leave")?["timeline"]?["limited"]?.bool == false)
                try await worker.say("away", in: room, as: alice)
                try await worker.rooms.join(room, as: bob)
                try await worker.rooms.leave(room, as: bob)
                let again = try await worker.sync(
                    bob, since: left.next, filter: #"{"room":{"timeline":{"limit":100}}}"#)
                #expect(again.bodies(room, "leave") == ["away"])
                let timeline = again.room(room, "leave")?["timeline"]
                #expect(timeline?["limited"]?.bool == true && timeline?["prev_batch"]?.string != nil)
            }
        }
    }

    @Test func whoLeftAndCameBackIsToldTheRoomAnew() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let first = try await worker.sync(bob)
                try await worker.rooms.leave(room, as: bob)
                try await worker.set(EventType.topic, to: ["topic": "unseen"], in: room, as: alice)
                try await worker.rooms.join(room, as: bob)
                let answer = try await worker.sync(
                    bob, since: first.next, filter: #"{"room":{"timeline":{"limit":1}}}"#)
                #expect(answer.room(room)?["timeline"]?["limited"]?.bool == true)
                let names = Set(answer.state(room).map(\.stateName))
                #expect(names.isSuperset(of: ["m.room.create|", "m.room.topic|"]))
            }
        }
    }

    @Test func whoWasRemovedAndInvitedAgainSeesBoth() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let first = try await worker.sync(bob)
                try await worker.rooms.kick(bob.userID, from: room, by: alice, reason: nil)
                try await worker.rooms.invite(bob.userID, to: room, by: alice)
                let answer = try await worker.sync(bob, since: first.next)
                #expect(answer.room(room, "invite") != nil)
                #expect(answer.timeline(room, "leave").last?["content"]?["membership"]?.string == "leave")
            }
        }
    }

    @Test func whoCameLeftAndWasInvitedAgainIsToldOfTheStay() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice)
                let first = try await worker.sync(bob)
                try await worker.rooms.join(room, as: bob)
                try await worker.say("while there", in: room, as: alice)
                try await worker.rooms.leave(room, as: bob)
                try await worker.say("after", in: room, as: alice)
                try await worker.rooms.invite(bob.userID, to: room, by: alice)
                let answer = try await worker.sync(bob, since: first.next)
                #expect(answer.room(room, "invite") != nil)
                #expect(answer.bodies(room, "leave") == ["while there"])
                #expect(answer.timeline(room, "leave").last?["content"]?["membership"]?.string == "leave")
                #expect(try await worker.sync(bob, since: answer.next).isQuiet)
            }
        }
    }

    @Test func whatFollowsAfterLeavingIsNotTold() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let joined = try await worker.sync(bob)
                try await worker.rooms.leave(room, as: bob)
                let left = try await worker.sync(bob, since: joined.next)
                try await worker.set(EventType.topic, to: ["topic": "secret"], in: room, as: alice)
                try await worker.say("secret", in: room, as: alice)
                try await worker.rooms.ban(bob.userID, from: room, by: alice, reason: nil)
                func memberships(_ answer: JSONDocument) -> [String] {
                    answer.timeline(room, "leave").compactMap { $0["content"]?["membership"]?.string }
                }
                let banned = try await worker.sync(bob, since: left.next)
                #expect(memberships(banned) == ["ban"] && banned.timeline(room, "leave").count == 1)
                #expect(banned.state(room, "leave").isEmpty)
                // Whoever hears of it only now, or asks from the beginning, is told no more.
                let filter = #"{"room":{"include_leave":true,"timeline":{"limit":50}}}"#
                for answer in [
                    try await worker.sync(bob, since: joined.next), try await worker.sync(bob, filter: filter),
                ] {
                    #expect(memberships(answer).suffix(2) == ["leave", "ban"])
                    #expect(!answer.bodies(room, "leave").contains("secret"))
                    #expect(
                        (answer.state(room, "leave") + answer.timeline(room, "leave")).allSatisfy {
                            $0["type"]?.string != EventType.topic
                        })
                }
                let after = try await worker.sync(bob, since: joined.next, stateAfter: true)
                let state = after.room(room, "leave")?["state_after"]?.events ?? []
                #expect(state.last?["content"]?["membership"]?.string == "ban")
            }
        }
    }

    @Test func invitesOfIgnoredUsersAreNotShown() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await privateRoom(worker, by: alice)
                let list = #"{"ignored_users":{"@alice:example.org":{}}}"#
                let outcome = try await worker.accountData.set(
                    "m.ignored_user_list", in: nil, of: bob, to: Array(list.utf8), now: 1)
                guard case .written(let position?) = outcome else { throw TestingError("not written") }
                worker.feed.announce(.accountData, at: position, user: bob.nid)
                try await worker.rooms.invite(bob.userID, to: room, by: alice)
                #expect(try await worker.sync(bob).room(room, "invite") == nil)
            }
        }
    }
}
