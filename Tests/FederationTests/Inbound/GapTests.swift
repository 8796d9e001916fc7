import ApusTesting
import Federation
import MatrixCore
import Rooms
import Storage
import Telemetry
import Testing

/// Events whose predecessors are not here when they come.
@Suite struct GapTests {
    /// Events of which the first are lost on the way.
    private func conversation(
        _ room: inout InboundRoom, _ count: Int, lost: Int, archive: PeerArchive
    ) throws -> [Event] {
        let events = try (0..<count).map { try room.view.say("\($0)", as: room.bob, of: archive.server) }
        archive.keep(events)
        return Array(events.dropFirst(lost))
    }

    @Test func whatIsMissingIsFetchedAndAllIsInOrder() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            let events = try conversation(&room, 8, lost: 6, archive: home.one)
            let answers = try await home.worker.receive(events, from: home.one.server)
            // The sender has done its part: they are kept.
            #expect(answers.values.allSatisfy { $0 == nil })
            #expect(try await home.worker.staged.count(of: room.record.roomID) == 2)
            #expect(try await room.messages().isEmpty)
            try await room.waitFor((0..<8).map(String.init), working: [home.worker])
            #expect(try await room.isEmpty())
            #expect(!home.one.calls.contains("state_ids"))
        }
    }

    @Test func aLongGapIsFilledInSeveralSteps() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            let events = try conversation(&room, 61, lost: 60, archive: home.one)
            try await home.worker.receive(events, from: home.one.server)
            try await room.waitFor((0..<61).map(String.init), working: [home.worker])
            #expect(home.one.calls.filter { $0 == "get_missing_events" }.count > 1)
        }
    }

    @Test func anotherWorkerGoesOnAndAnotherServerIsAsked() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            let events = try conversation(&room, 4, lost: 3, archive: home.one)
            home.two.keep(events)
            home.two.keep(home.one.events)
            home.one.refuse("*")
            try await home.worker.receive(events, from: home.one.server)
            // Whoever took the transaction in is no more.
            try await room.waitFor(["0", "1", "2", "3"], working: [try await home.anotherWorker()])
            #expect(home.two.calls.contains("get_missing_events"))
        }
    }

    @Test func aGapThatNobodyFillsIsBridgedByState() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            let dave = try home.one.server.user("dave")
            let join = try room.view.join(dave, of: home.one.server)
            _ = try room.view.say("lost", as: dave, of: home.one.server)
            let state = Array(room.view.state.values)
            let event = try room.view.say("back", as: dave, of: home.one.server)
            home.one.keep(event, stateBefore: state)
            home.one.refuse("get_missing_events")
            home.two.refuse("*")
            try await home.worker.receive([event], from: home.one.server)
            try await room.waitFor(["back"], working: [home.worker])
            let now = try #require(try await home.worker.rooms.reader.current(room.record))
            #expect(try await now.membership(of: dave) == .join)
            #expect(try await now.event(EventType.member, dave.description)?.eventID == join.eventID)
        }
    }

    /// A message that cites a member event of another fork, which nobody has sent.
    private func message(
        citing fork: inout PeerView, in room: inout InboundRoom, _ server: PeerServer
    ) throws -> (renamed: Event, message: Event) {
        let renamed = try fork.send(
            EventType.member, stateKey: room.bob.description, ["membership": "join", "displayname": "B"],
            as: room.bob, of: server)
        let levels = try #require(room.view.state[.powerLevels])
        let message = try room.view.send(
            EventType.message, ["msgtype": "m.text", "body": "hello"], as: room.bob, of: server,
            authEvents: [levels.eventID, renamed.eventID])
        return (renamed, message)
    }

    /// They get their place where it is known, or else are kept beside the graph.
    @Test(arguments: [true, false]) func authEventsThatAreMissingAreFetched(isPlaceKnown: Bool) async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            var fork = room.view
            if !isPlaceKnown { _ = try fork.say("lost", as: room.bob, of: home.one.server) }
            let (renamed, event) = try message(citing: &fork, in: &room, home.one.server)
            home.one.keep([renamed, event])
            try await home.worker.receive([event], from: home.one.server)
            try await room.waitFor(["hello"], working: [home.worker])
            #expect(home.one.calls.contains("event_auth"))
            let reader = home.worker.rooms.reader
            let stored = try #require(try await reader.events.event(renamed.eventID, in: room.record)?.stored)
            #expect(stored.flags.contains(.outlier) != isPlaceKnown && (stored.stateBefore != nil) == isPlaceKnown)
            let now = try #require(try await reader.current(room.record))
            let name = try await now.content(EventType.member, room.bob.description)?["displayname"]?.string
            #expect(name == (isPlaceKnown ? "B" : nil))
        }
    }

    /// By its auth events alone the one that is cited would pass. Where it stands the room refuses it, and so what cites it.
    @Test func authEventsAreJudgedWhereTheyStand() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            let (rooms, record) = (home.worker.rooms, room.record)
            let id = try await rooms.send(
                try EventDraft(
                    sender: room.alice, type: EventType.member, stateKey: room.bob.description,
                    content: ["membership": "ban"]), in: record)
            var fork = room.view
            fork.tips = [try #require(try await rooms.reader.events.event(id, in: record)).event]
            let (renamed, event) = try message(citing: &fork, in: &room, home.one.server)
            home.one.keep([renamed, event])
            try await home.worker.receive([event], from: home.one.server)
            try await room.working([home.worker]) { [room] in try await eventually { try await room.isEmpty() } }
            for event in [renamed, event] {
                let stored = try #require(try await rooms.reader.events.event(event.eventID, in: record)?.stored)
                #expect(stored.flags.contains(.rejected) && !stored.flags.contains(.outlier))
            }
        }
    }

    @Test func whatCannotBeHadIsPutOffAndThenGivenUp() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            let events = try conversation(&room, 2, lost: 1, archive: home.one)
            for peer in [home.one, home.two] { peer.refuse("*") }
            try await home.worker.receive(events, from: home.one.server)
            let staged = home.worker.staged
            let roomID = room.record.roomID
            try await room.working([home.worker]) {
                try await eventually { try await staged.events(of: roomID, now: 0, limit: 1).first?.attempts == 1 }
            }
            let waiting = try #require(try await staged.events(of: roomID, now: 0, limit: 1).first)
            #expect(waiting.nextAttemptAt > waiting.receivedAt)
            for _ in 0..<12 { try await staged.postpone([(waiting, 0)]) }
            try await room.working([home.worker]) { try await eventually { try await room.isEmpty() } }
            #expect(home.telemetry.metrics.prometheusText().contains(#"staged_events_total{outcome="given_up"} 1"#))
            // When more of it comes it is looked for again.
            home.one.relent()
            let next = try room.view.say("2", as: room.bob, of: home.one.server)
            home.one.keep([next])
            try await home.worker.receive([next], id: "2", from: home.one.server)
            try await room.waitFor(["0", "1", "2"], working: [home.worker])
        }
    }

    /// ATTACKS 18 (CVE-2022-39200): what is fetched is checked as what is sent.
    @Test func forgedEventsDoNotFillGaps() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            let forged = try room.view.say("forged", as: room.carol, of: home.one.server)
            let state = Array(room.view.state.values)
            let event = try room.view.say("after it", as: room.bob, of: home.one.server)
            home.one.keep([forged])
            home.one.keep(event, stateBefore: state)
            try await home.worker.receive([event], from: home.one.server)
            try await room.waitFor(["after it"], working: [home.worker])
            #expect(try await home.worker.rooms.reader.events.event(forged.eventID, in: room.record) == nil)
        }
    }

    /// Somebody who came in through another server may be faster than that one's news of it.
    @Test func aNewcomerMayBeFasterThanItsJoin() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            let three = PeerArchive(try PeerServer("three.example:8448"))
            let eve = try three.server.user("eve")
            let join = try room.view.join(eve, of: three.server)
            let hello = try room.view.say("hello", as: eve, of: three.server)
            try await home.worker.receive([hello], from: three.server)
            #expect(try await home.worker.staged.count(of: room.record.roomID) == 1)
            try await home.worker.receive([join], id: "2", from: home.two.server)
            try await room.waitFor(["hello"], working: [home.worker])
        }
    }

    @Test func onlySoManyEventsWait() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            let events = try conversation(&room, 6, lost: 1, archive: home.one)
            let staged = home.worker.staged
            let refused = try await staged.stage(
                events, in: room.record, from: home.one.server.name, maxPerRoom: 3, now: 1)
            #expect(refused == Set(events.suffix(2).map(\.eventID)))
            // What waits already finds its place.
            #expect(
                try await staged.stage(
                    Array(events.prefix(2)), in: room.record, from: home.two.server.name, maxPerRoom: 3, now: 2
                ).isEmpty)
            let waiting = try await staged.events(of: room.record.roomID, now: 1, limit: 10)
            #expect(waiting.map(\.eventID) == events.prefix(3).map(\.eventID))
            #expect(waiting.allSatisfy { $0.origin == home.one.server.name && $0.receivedAt == 1 })
        }
    }
}
