import Federation
import MatrixCore
import Rooms
import Storage
import Testing

/// Knocks, and invites that are refused.
@Suite struct LeaveTests {
    @Test func knocksAndTakesTheKnockBack() async throws {
        let server = try ResidentServer(joinRule: ["join_rule": "knock"])
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            try await here.rooms.knock(
                server.roomID, as: bob, via: [server.name], details: RoomService.MembershipDetails(reason: "please"))
            let knock = try #require(server.events.last)
            #expect(knock.membership == .knock)
            #expect(knock.content["reason"]?.string == "please")
            #expect(try await here.membership(of: bob, in: server) == .knock)
            let room = try await here.room(server)
            let stripped = try await here.rooms.reader.memberships.membership(of: bob.nid, in: room.nid)?.strippedState
            let told = try StrippedState.told(try #require(stripped)).map { try JSONValue(parsing: $0) }
            #expect(
                told.compactMap { $0["type"]?.string } == [EventType.create, EventType.joinRules, EventType.member])
            #expect(told.allSatisfy { Set($0.object?.keys ?? [:].keys) == ["type", "state_key", "sender", "content"] })

            // Whom to tell is known from what came with the knock.
            try await here.rooms.leave(server.roomID, as: bob)
            #expect(server.events.last?.membership == .leave)
            #expect(try await here.membership(of: bob, in: server) == .leave)
        }
    }

    @Test func acceptsAnInviteWithoutBeingToldOfServers() async throws {
        let server = try ResidentServer(joinRule: ["join_rule": "invite"])
        try await JoiningInstallation.with(server) { here in
            let (bob, carl) = (try await here.user("bob"), try await here.user("carl"))
            try await here.invite(bob, by: server)
            try await here.invite(carl, by: server)
            try await here.rooms.join(server.roomID, as: bob)
            #expect(try await here.membership(of: bob, in: server) == .join)
            // The room's own state tells of the other invite now.
            let room = try await here.room(server)
            #expect(room.version == server.version.identifier)
            let other = try #require(try await here.rooms.reader.memberships.membership(of: carl.nid, in: room.nid))
            #expect(other.record.membership == .invite)
            #expect(other.strippedState == nil)
            #expect(
                try await here.rooms.reader.events.event(other.record.eventNID, in: room)?.event.membership == .invite)
        }
    }

    @Test(arguments: [true, false])
    func refusesAnInviteWhetherTheRoomHearsOfItOrNot(isReached: Bool) async throws {
        let server = try ResidentServer(joinRule: ["join_rule": "invite"])
        if !isReached { server.refuse("make_leave", 503, "M_UNKNOWN") }
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            try await here.invite(bob, by: server)
            try await here.rooms.leave(
                server.roomID, as: bob, details: RoomService.MembershipDetails(reason: "no time"))
            #expect(try await here.membership(of: bob, in: server) == .leave)
            let last = try #require(server.events.last)
            #expect(last.membership == (isReached ? .leave : .invite))
            #expect(last.content["reason"]?.string == (isReached ? "no time" : nil))
            // What the room was told is what the user's clients will be told.
            let room = try await here.room(server)
            let departures = try await here.rooms.reader.outsideDepartures(from: [room.nid], of: bob)
            #expect(departures[room.nid]?.eventID == (isReached ? last.eventID : nil))
        }
    }

    @Test func aKnockThatIsRefusedLeavesNothing() async throws {
        let server = try ResidentServer()
        server.refuse("make_knock", 403, "M_FORBIDDEN")
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            let refusal = await #expect(throws: MatrixError.self) {
                try await here.rooms.knock(server.roomID, as: bob, via: [server.name])
            }
            #expect(refusal?.errcode == .forbidden)
            #expect(try await here.rooms.reader.room(server.roomID) == nil)
        }
    }

    @Test func signsNoOtherDraftOfALeave() async throws {
        let server = try ResidentServer(joinRule: ["join_rule": "knock"])
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            try await here.rooms.knock(server.roomID, as: bob, via: [server.name])
            server.change("make_leave") { answer in
                var answer = answer
                answer["event"]?["content"] = ["membership": "join"]
                return answer
            }
            // The user gets rid of it all the same.
            try await here.rooms.leave(server.roomID, as: bob)
            #expect(server.calls.last == "make_leave")
            #expect(try await here.membership(of: bob, in: server) == .leave)
        }
    }
}
