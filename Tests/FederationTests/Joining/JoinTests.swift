import Federation
import MatrixCore
import Rooms
import Storage
import Testing

/// Rooms of another server that local users join, against a real database.
@Suite struct JoinTests {
    @Test(arguments: [RoomVersion.v2, .v6, .v10, .v11, .v12])
    func takesInTheRoomAsItIs(version: RoomVersion) async throws {
        let server = try ResidentServer(version: version)
        try server.say("before")
        let before = server.current
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            try await here.rooms.join(server.roomID, as: bob, via: [server.name])
            let join = try #require(server.events.last)
            #expect(join.sender == bob.userID)
            #expect(try await here.state(server) == Set(before.values.map(\.eventID) + [join.eventID]))
            #expect(try await here.membership(of: bob, in: server) == .join)
            let room = try await here.room(server)
            let anna = try await here.rooms.reader.interning.user(server.user("anna"))
            let joined = try await here.rooms.reader.memberships.joinedMembers(of: room.nid)
            #expect(Set(joined) == [bob.nid, anna.nid])
            // What was there before us is where history goes on.
            #expect(
                try await here.rooms.reader.eventStore.missing(in: room.nid, limit: 9).map(\.eventID)
                    == join.prevEvents)
            // Who let us in tells the others; and what is before the join is a gap.
            let stored = try await here.rooms.reader.events.event(join.eventID, in: room)?.stored
            #expect(stored?.flags == [.handedOn, .followsGap])
            // And the room goes on from our join.
            let draft = try EventDraft(sender: bob, type: EventType.message, content: ["body": "hello"])
            let said = try await here.rooms.send(draft, to: server.roomID)
            let event = try #require(try await here.rooms.reader.events.event(said, in: room))
            #expect(event.event.prevEvents == [join.eventID])
            #expect(event.event.depth == join.depth + 1)
        }
    }

    /// More than what goes into one statement, one query or one answer.
    @Test func takesInARoomOfManyMembers() async throws {
        let server = try ResidentServer()
        let count = 1_200
        for number in 0..<count {
            let user = server.user("user\(number)")
            try server.add(EventType.member, user.description, by: user, ["membership": "join"])
        }
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            try await here.rooms.join(server.roomID, as: bob, via: [server.name])
            let room = try await here.room(server)
            #expect(try await here.rooms.reader.memberships.counts(of: room.nid).joined == count + 2)
            let now = try #require(try await here.rooms.reader.current(room))
            #expect(now.root.count == server.current.count)
        }
    }

    /// Whoever made a room could begin it twice, and cite the second beginning to those who have nothing of it yet.
    @Test func anotherBeginningIsRejected() async throws {
        let server = try ResidentServer(version: .v11)
        let anna = server.user("anna")
        var builder = try server.build(EventType.create, "", by: anna, ["room_version": "11"])
        (builder.prevEvents, builder.authEvents) = ([], [])
        let again = try builder.signed(by: server.name, with: server.key)
        var citing = try server.build(EventType.name, "", by: anna, ["name": "M"])
        citing.authEvents = citing.authEvents.map { $0 == server.events[0].eventID ? again.eventID : $0 }
        server.accept(try citing.signed(by: server.name, with: server.key))
        server.change("send_join") { answer in
            var answer = answer
            answer["auth_chain"] = .array((answer["auth_chain"]?.array ?? []) + [ResidentServer.json(again)])
            return answer
        }
        try await JoiningInstallation.with(server) { here in
            try await here.rooms.join(server.roomID, as: try await here.user("bob"), via: [server.name])
            let room = try await here.room(server)
            let found = try #require(try await here.rooms.reader.events.event(again.eventID, in: room))
            #expect(found.stored.flags.contains(.rejected))
            let now = try #require(try await here.rooms.reader.current(room))
            #expect(try await now.event(EventType.create)?.eventID == server.events[0].eventID)
            #expect(try await now.event(EventType.name) == nil)
        }
    }

    @Test func twoUsersJoinAtTheSameTime() async throws {
        let server = try ResidentServer()
        try await JoiningInstallation.with(server) { here in
            let users = [try await here.user("bob"), try await here.user("carl"), try await here.user("dora")]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for user in users + [users[0]] {
                    group.addTask { try await here.rooms.join(server.roomID, as: user, via: [server.name]) }
                }
                try await group.waitForAll()
            }
            for user in users { #expect(try await here.membership(of: user, in: server) == .join) }
            let state = try await here.state(server)
            #expect(state == Set(server.current.values.map(\.eventID)))
        }
    }

    /// While nobody of ours was in the room, it went on without us.
    @Test func comesBackIntoARoomThatWentOn() async throws {
        let server = try ResidentServer()
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            try await here.rooms.join(server.roomID, as: bob, via: [server.name])
            try await here.rooms.leave(server.roomID, as: bob)
            let room = try await here.room(server)
            let left = try #require(try await here.rooms.reader.store.head(of: room.nid)?.extremities.first)
            server.accept(try #require(try await here.rooms.reader.events.event(left, in: room)).event)
            try server.add(EventType.joinRules, "", by: server.user("anna"), ["join_rule": "invite"])
            try server.add(EventType.name, "", by: server.user("anna"), ["name": "later"])
            try server.add(
                EventType.member, bob.userID.description, by: server.user("anna"), ["membership": "invite"])
            try await here.rooms.join(server.roomID, as: bob, via: [server.name])
            let now = try #require(try await here.rooms.reader.current(room))
            #expect(try await now.content(EventType.name)?["name"]?.string == "later")
            let head = try #require(try await here.rooms.reader.store.head(of: room.nid))
            let ends = try await here.rooms.reader.events.events(head.extremities, in: room).values.map(\.eventID)
            #expect(ends == server.events.suffix(1).map(\.eventID))
        }
    }

    @Test func aRestrictedJoinBearsTheSignatureOfWhoLetUsIn() async throws {
        let rule: JSONValue = ["join_rule": "restricted", "allow": []]
        let server = try ResidentServer(joinRule: rule)
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            try await here.rooms.join(server.roomID, as: bob, via: [server.name])
            let now = try #require(try await here.rooms.reader.current(try await here.room(server)))
            let join = try #require(try await now.event(EventType.member, bob.userID.description)).event
            #expect(join.hasSignature(of: server.name))
            #expect(join.authorisingServer == server.name)
        }
    }

    // MARK: Which server

    @Test func triesTheNextServerWhenOneIsDown() async throws {
        let (server, down) = (try ResidentServer(), try ResidentServer("down.test:8448"))
        down.refuse("make_join", 503, "M_UNKNOWN")
        try await JoiningInstallation.with(down, server) { here in
            let bob = try await here.user("bob")
            let gone = ServerName("gone.test:8448")!
            try await here.rooms.join(server.roomID, as: bob, via: [gone, down.name, server.name])
            #expect(try await here.membership(of: bob, in: server) == .join)
            #expect(down.calls == ["make_join"])
        }
    }

    @Test func aServerThatMayNotLetUsInIsNotTheLast() async throws {
        let (server, other) = (try ResidentServer(), try ResidentServer("other.test:8448"))
        other.refuse("make_join", 400, "M_UNABLE_TO_AUTHORISE_JOIN")
        try await JoiningInstallation.with(other, server) { here in
            let bob = try await here.user("bob")
            try await here.rooms.join(server.roomID, as: bob, via: [other.name, server.name])
            #expect(try await here.membership(of: bob, in: server) == .join)
        }
    }

    @Test func aRefusalIsFinalAndTold() async throws {
        let (server, other) = (try ResidentServer(), try ResidentServer("other.test:8448"))
        other.refuse("make_join", 403, "M_FORBIDDEN")
        try await JoiningInstallation.with(other, server) { here in
            let bob = try await here.user("bob")
            let refusal = await #expect(throws: MatrixError.self) {
                try await here.rooms.join(server.roomID, as: bob, via: [other.name, server.name])
            }
            #expect(refusal?.errcode == .forbidden)
            #expect(server.calls.isEmpty)
        }
    }

    @Test func saysWhatTheLastServerMeant() async throws {
        let server = try ResidentServer()
        server.refuse("make_join", 404, "M_NOT_FOUND")
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            let gone = ServerName("gone.test:8448")!
            let unknown = await #expect(throws: MatrixError.self) {
                try await here.rooms.join(server.roomID, as: bob, via: [server.name])
            }
            #expect(unknown?.errcode == .notFound)
            let unreachable = await #expect(throws: MatrixError.self) {
                try await here.rooms.join(server.roomID, as: bob, via: [server.name, gone])
            }
            #expect(unreachable?.status == 502)
        }
    }

    // MARK: Hostile answers

    @Test(arguments: HostileAnswer.all)
    func storesNothingOfAHostileAnswer(answer: HostileAnswer) async throws {
        let server = try ResidentServer(version: answer.version, joinRule: answer.joinRule)
        try server.say("before")
        server.change(answer.operation) { answer.change($0, server) }
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            let refusal = await #expect(throws: MatrixError.self) {
                try await here.rooms.join(server.roomID, as: bob, via: [server.name])
            }
            #expect(refusal.map { $0.status == 502 || $0.errcode == .unsupportedRoomVersion } == true)
            #expect(try await here.rooms.reader.room(server.roomID) == nil)
            #expect(try await here.rooms.joinedRooms(of: bob.nid).isEmpty)
            // Nothing of it was signed and sent either.
            if answer.operation == "make_join" { #expect(server.calls == ["make_join"]) }
        }
    }

    /// One bad event among the members costs nobody else their place.
    @Test func aForgedMemberIsLeftOut() async throws {
        let server = try ResidentServer()
        let eve = server.user("eve")
        try server.add(EventType.member, eve.description, by: eve, ["membership": "join"])
        server.change("send_join") { HostileAnswer.forge(EventType.member, eve.description, in: $0) }
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            try await here.rooms.join(server.roomID, as: bob, via: [server.name])
            let now = try #require(try await here.rooms.reader.current(try await here.room(server)))
            #expect(try await now.membership(of: eve) == nil)
            #expect(try await now.membership(of: server.user("anna")) == .join)
        }
    }
}
