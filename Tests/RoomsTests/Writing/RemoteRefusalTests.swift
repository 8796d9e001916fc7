import ApusTesting
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Testing

/// Events of other servers that a room does not want, and what they must not do to it.
@Suite struct RemoteRefusalTests {
    private func with(
        _ version: RoomVersion = .default, _ body: (inout SharedRoom) async throws -> Void
    ) async throws {
        try await TestInstallation.with { installation in
            let worker = try await installation.worker()
            var room = try await SharedRoom(worker, version: version)
            try await body(&room)
            await worker.pool.close()
        }
    }

    @Test func anEventThatItsAuthEventsDoNotAllowIsRejected() async throws {
        try await with { room in
            var mallory = room.view
            let event = try mallory.send(EventType.name, stateKey: "", ["name": "M"], as: room.bob, of: room.one)
            #expect(try await room.receive(event).isRejected)
            #expect(try await room.stored(event)?.flags.contains(.rejected) == true)
            #expect(try await room.state().content(EventType.name) == nil)
            // It is no end of the graph, and when it comes again nothing is written.
            let head = try await room.head()
            #expect(try await room.receive(event).isUnchanged)
            #expect(try await room.head() == head)
            // What follows a rejected event stands by itself.
            let follower = try mallory.say("still here", as: room.bob, of: room.one)
            #expect(try await room.receive(follower).isWritten)
            #expect(try await room.messages() == ["still here"])
            #expect(try await room.state().content(EventType.name) == nil)
            #expect(try await room.head().extremities.count == 1)
        }
    }

    @Test func whoWasBannedCannotTalkFromThePast() async throws {
        try await with { room in
            var past = room.view
            try await room.worker.rooms.ban(room.bob, from: room.roomID, by: room.alice, reason: nil)
            let event = try past.say("you cannot stop me", as: room.bob, of: room.one)
            #expect(try await room.receive(event).isSoftFailed)
            #expect(try await room.messages().isEmpty)
            #expect(try await room.state().membership(of: room.bob) == .ban)
            // Nobody builds on it; who does so all the same does not bring back the banned one.
            #expect(try await !room.say("peace").prevEvents.contains(event.eventID))
            var two = room.view
            two.tips = [event]
            let follower = try two.say("who spoke?", as: room.carol, of: room.two)
            #expect(try await room.receive(follower).isWritten)
            #expect(try await room.state().membership(of: room.bob) == .ban)
            #expect(try await room.messages() == ["peace", "who spoke?"])
        }
    }

    /// What follows a soft-failed event covers what that one follows, so that hidden events do not leave ends behind.
    @Test func hiddenEventsLeaveNoEndsOfTheGraph() async throws {
        try await with { room in
            let ban = try await room.set(
                EventType.member, room.bob.description, ["membership": "ban"])
            var past = room.view
            var mixed = room.view
            mixed.see(ban)
            past.tips = [ban]
            let hidden = try past.say("hidden", as: room.bob, of: room.one)
            // By the state before it, it is rejected.
            #expect(try await room.receive(hidden).isRejected)
            mixed.tips = [hidden]
            #expect(try await room.receive(mixed.say("seen", as: room.carol, of: room.two)).isWritten)
            #expect(try await room.head().extremities.count == 1)
        }
    }

    /// ATTACKS 38 (CVE-2026-45076): who reads back gets past events that nobody is shown, and to the end.
    @Test func aPageFullOfRejectedEventsIsNotTheEnd() async throws {
        try await with { room in
            room.view.see(try await room.say("before"))
            var mallory = room.view
            for _ in 0..<60 {
                let event = try mallory.send(EventType.name, stateKey: "", ["name": "M"], as: room.bob, of: room.one)
                #expect(try await room.receive(event).isRejected)
            }
            #expect(try await room.receive(mallory.say("after", as: room.bob, of: room.one)).isWritten)
            let back = try await room.worker.messages(in: room.roomID, for: room.alice, .backwards, pages: 2)
            #expect(back == ["after", "before"])
            #expect(try await room.messages() == ["before", "after"])
        }
    }

    /// ATTACKS 1 (CVE-2018-10657).
    @Test(arguments: [RoomVersion.v10, .v12])
    func theHighestDepthDoesNotEndTheRoom(version: RoomVersion) async throws {
        try await with(version) { room in
            let deep = try room.view.send(
                EventType.message, ["body": "deep"], as: room.bob, of: room.one, depth: version.maximumDepth)
            #expect(try await room.receive(deep).isWritten)
            let answer = try await room.say("still alive")
            #expect(answer.depth == version.maximumDepth)
            room.view.see(answer)
            #expect(try await room.receive(room.view.say("me too", as: room.carol, of: room.two)).isWritten)
            #expect(try await room.messages() == ["deep", "still alive", "me too"])
        }
    }

    @Test func depthsThatCannotBeAreNoEvents() throws {
        let server = try PeerServer("one.example")
        for depth in [Int64.max, RoomVersion.v12.maximumDepth + 1, -1] {
            var view = PeerView(
                roomID: try #require(RoomID("!" + String(repeating: "r", count: 43))), version: .v12, state: [],
                tips: [])
            #expect(throws: PDUError.self) {
                try view.send(EventType.message, [:], as: try server.user("bob"), of: server, depth: depth)
            }
        }
    }

    /// By the rules alone, a second create event of a server whose user made the room would be allowed.
    @Test(arguments: [RoomVersion.v10, .v11]) func aRoomDoesNotBeginTwice(version: RoomVersion) async throws {
        try await with(version) { room in
            // The room is ours, so only our own key could sign such an event.
            let ours = try PeerServer("example.org")
            var nothing = PeerView(roomID: room.roomID, version: version, state: [], tips: [])
            let again = try nothing.send(
                EventType.create, stateKey: "",
                ["room_version": .string(version.identifier), "creator": .string(room.alice.userID.description)],
                as: room.alice.userID, of: ours)
            let before = try await room.head().state
            #expect(try await room.receive(again).isRejected)
            #expect(try await room.head().state == before)
            let create = try #require(room.view.state[.create])
            #expect(try await room.receive(create).isUnchanged)
            #expect(try await room.say("hello").prevEvents == room.view.tips.map(\.eventID))
        }
    }

    @Test func anEventWithoutPredecessorsIsRejected() async throws {
        try await with { room in
            room.view.tips = []
            let event = try room.view.say("out of nothing", as: room.bob, of: room.one)
            #expect(try await room.receive(event).isRejected)
            #expect(try await room.messages().isEmpty)
        }
    }

    /// ATTACKS 3: a server may redact what its own users said; others only who has the power.
    @Test func redactionsOfForeignEventsNeedPower() async throws {
        try await with { room in
            let said = try await room.say("mine")
            room.view.see(said)
            let create = try #require(room.view.state[.create])
            for target in [said, create] {
                let redaction = try room.view.send(
                    EventType.redaction, ["redacts": .string(target.eventID.description)], as: room.bob, of: room.one)
                // Clients do what it says, so they do not see it.
                #expect(try await room.receive(redaction).isSoftFailed)
                #expect(try await room.stored(target)?.redactedBy == nil)
            }
            let own = try room.view.say("theirs", as: room.bob, of: room.one)
            let redaction = try room.view.send(
                EventType.redaction, ["redacts": .string(own.eventID.description)], as: room.bob, of: room.one)
            try await room.receive(all: [own, redaction])
            #expect(try await room.stored(own)?.redactedBy != nil)
        }
    }

    /// ATTACKS 34: CVE-2025-49090 and its like cannot be driven by forks: there is a bound on how many the room's state has to be made of.
    @Test func aRoomIsNotPulledIntoEveryDirection() async throws {
        try await with { room in
            for number in 0..<70 {
                var fork = room.view
                fork.timestamp += Int64(number)
                let event = try fork.send(
                    EventType.member, stateKey: room.bob.description,
                    ["membership": "join", "displayname": .string("B\(number)")], as: room.bob, of: room.one)
                #expect(try await room.receive(event).isWritten)
                #expect(try await room.head().extremities.count <= EventLimits.prevEvents + 1)
            }
            try await room.say("together")
            #expect(try await room.head().extremities.count == 1)
            let name = try await room.state().content(EventType.member, room.bob.description)?["displayname"]?.string
            #expect(name == "B69")
            var late = try await room.worker.view(of: room.record)
            #expect(try await room.receive(late.say("fine", as: room.bob, of: room.one)).isWritten)
        }
    }
}
