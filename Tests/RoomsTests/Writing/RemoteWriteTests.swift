import ApusTesting
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Testing

/// Events of other servers, written into a room that we are in.
@Suite struct RemoteWriteTests {
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

    @Test(arguments: [RoomVersion.v10, .v11, .v12])
    func messagesOfOtherServersAreReadAndAnswered(version: RoomVersion) async throws {
        try await with(version) { room in
            try await room.receive(room.view.say("from one", as: room.bob, of: room.one))
            let answer = try await room.say("from here")
            #expect(answer.prevEvents == room.view.tips.map(\.eventID))
            room.view.see(answer)
            try await room.receive(room.view.say("from two", as: room.carol, of: room.two))
            #expect(try await room.messages() == ["from one", "from here", "from two"])
            #expect(try await room.head().extremities.count == 1)
        }
    }

    @Test(arguments: [RoomVersion.v10, .v11])
    func aRedactionThatItsSenderMayNotMakeIsShownToNobody(version: RoomVersion) async throws {
        try await with(version) { room in
            let said = try await room.say("from here")
            room.view.see(said)
            func redact(_ id: EventID) throws -> Event {
                try room.view.send(
                    EventType.redaction, ["redacts": .string(id.description)], as: room.bob, of: room.one, redacts: id)
            }
            let spoofed = try redact(said.eventID)
            let ofNothing = try redact(EventID("$b3RoZXIgcm9vbXMgZXZlbnRzIGFyZSBub3Qga25vd24")!)
            for redaction in [spoofed, ofNothing] { #expect(try await room.receive(redaction).isSoftFailed) }
            let own = try room.view.say("from one", as: room.bob, of: room.one)
            try await room.receive(own)
            #expect(try await room.messages() == ["from here", "from one"])
            #expect(try await room.stored(said)?.redactedBy == nil)
            #expect(try await room.receive(try redact(own.eventID)).isWritten)
            #expect(try await room.stored(own)?.redactedBy != nil)
        }
    }

    @Test func forksOfTwoServersBecomeOneRoomAgain() async throws {
        try await with { room in
            _ = try await room.set(
                EventType.powerLevels, "",
                ["users": [room.bob.description: 50, room.carol.description: 50], "state_default": 50])
            room.view = try await room.worker.view(of: room.record)
            var (left, right) = (room.view, room.view)
            let name = try left.send(EventType.name, stateKey: "", ["name": "B"], as: room.bob, of: room.one)
            let topic = try right.send(EventType.topic, stateKey: "", ["topic": "T"], as: room.carol, of: room.two)
            let later = try right.say("right", as: room.carol, of: room.two)
            try await room.receive(all: [name, topic, later])
            #expect(try await room.head().extremities.count == 2)
            let state = try await room.state()
            #expect(try await state.content(EventType.name)?["name"]?.string == "B")
            #expect(try await state.content(EventType.topic)?["topic"]?.string == "T")
            let merge = try await room.say("merged")
            #expect(Set(merge.prevEvents) == [name.eventID, later.eventID])
            #expect(try await room.head().extremities.count == 1)
            #expect(try await room.state().content(EventType.name)?["name"]?.string == "B")
        }
    }

    @Test func theStateIsTheSameInWhateverOrderForksCome() async throws {
        var names: Set<String> = []
        for order in [[0, 1], [1, 0]] {
            try await with { room in
                _ = try await room.set(
                    EventType.powerLevels, "", ["users": [room.bob.description: 50, room.carol.description: 50]])
                room.view = try await room.worker.view(of: room.record)
                var (left, right) = (room.view, room.view)
                right.timestamp += 5_000
                let events = [
                    try left.send(EventType.name, stateKey: "", ["name": "left"], as: room.bob, of: room.one),
                    try right.send(EventType.name, stateKey: "", ["name": "right"], as: room.carol, of: room.two),
                ]
                try await room.receive(all: order.map { events[$0] })
                names.insert(try #require(try await room.state().content(EventType.name)?["name"]?.string))
            }
        }
        // The later one, of two whose senders have the same power.
        #expect(names == ["right"])
    }

    @Test func anEventIsWrittenOnceHoweverOftenItComes() async throws {
        try await with { room in
            let event = try room.view.say("once", as: room.bob, of: room.one)
            let worker = room.worker
            let record = room.record
            let results = await worker.rooms.writers.write(each: [.remote(event), .remote(event)], in: record)
            #expect(try results[0].get().isWritten)
            #expect(try results[1].get().isUnchanged)
            let version = try await room.head().version
            #expect(try await room.receive(event).isUnchanged)
            #expect(try await room.head().version == version)
            #expect(try await room.messages() == ["once"])
        }
    }

    @Test func twoWorkersThatGetTheSameEventWriteItOnce() async throws {
        try await TestInstallation.with { installation in
            let workers = [try await installation.worker(), try await installation.worker()]
            var room = try await SharedRoom(workers[0])
            let record = room.record
            let events = try (0..<20).map { try room.view.say("\($0)", as: room.bob, of: room.one) }
            await withTaskGroup { group in
                for worker in workers {
                    group.addTask {
                        let results = await worker.rooms.writers.write(each: events.map { .remote($0) }, in: record)
                        for result in results {
                            #expect(throws: Never.self) {
                                let result = try result.get()
                                #expect(result.isWritten || result.isUnchanged)
                            }
                        }
                    }
                }
            }
            #expect(try await room.messages() == (0..<20).map(String.init))
            for worker in workers { await worker.pool.close() }
        }
    }

    @Test func whatIsMissingIsSaidAndNothingIsWritten() async throws {
        try await with { room in
            let lost = try room.view.say("lost", as: room.bob, of: room.one)
            let event = try room.view.say("found", as: room.bob, of: room.one)
            guard case .missing(let predecessors, let authEvents) = try await room.receive(event) else {
                Issue.record("it was taken")
                return
            }
            #expect(predecessors == [lost.eventID])
            #expect(authEvents.isEmpty)
            #expect(try await room.stored(event) == nil)
            try await room.receive(all: [lost, event])
            #expect(try await room.messages() == ["lost", "found"])
        }
    }

    @Test func authEventsThatAreNotHereAreMissing() async throws {
        try await with { room in
            var away = room.view
            let name = try away.send(
                EventType.member, stateKey: room.bob.description, ["membership": "join", "displayname": "B"],
                as: room.bob, of: room.one)
            let event = try room.view.send(
                EventType.message, ["body": "x"], as: room.bob, of: room.one,
                authEvents: [try #require(room.view.state[.powerLevels]).eventID, name.eventID])
            guard case .missing(let predecessors, let authEvents) = try await room.receive(event) else {
                Issue.record("it was taken")
                return
            }
            #expect(predecessors.isEmpty)
            #expect(authEvents == [name.eventID])
        }
    }

    /// ATTACKS 7: auth events of another room count for nothing.
    @Test func authEventsOfAnotherRoomAreNotFound() async throws {
        try await with { room in
            let other = try await SharedRoom(room.worker)
            let foreign = try #require(other.view.state[.member(other.bob)])
            let event = try room.view.send(
                EventType.message, ["body": "x"], as: room.bob, of: room.one, authEvents: [foreign.eventID])
            guard case .missing(_, let authEvents) = try await room.receive(event) else {
                Issue.record("it was taken")
                return
            }
            #expect(authEvents == [foreign.eventID])
        }
    }
}
