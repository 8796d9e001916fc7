import ApusTesting
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Testing

/// Rooms that others pull into many directions at once.
@Suite struct ForkFoldingTests {
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

    /// Events of bob that all follow the same one; every twentieth names the room.
    private func forks(_ count: Int, of room: SharedRoom) throws -> [Event] {
        try (0..<count).map { number in
            var fork = room.view
            fork.timestamp += Int64(number) * 1_000
            guard number % 20 == 10 else { return try fork.say("fork \(number)", as: room.bob, of: room.one) }
            return try fork.send(
                EventType.name, stateKey: "", ["name": .string("\(number)")], as: room.bob, of: room.one)
        }
    }

    private func empower(_ room: inout SharedRoom, messages: Int64 = 0) async throws {
        try await room.set(
            EventType.powerLevels, "",
            ["users": [room.bob.description: 50], "events_default": .integer(messages), "state_default": 50])
        room.view = try await room.worker.view(of: room.record)
    }

    /// Nobody of ours is left but a user without the power to send anything.
    private func leaveALurker(in room: inout SharedRoom) async throws {
        let lurker = try await room.worker.user("lurker")
        try await room.set(EventType.powerLevels, "", ["users": [room.bob.description: 50], "events_default": 50])
        for (user, membership) in [(lurker, "join"), (room.alice, "leave")] {
            let content: JSONValue = ["membership": .string(membership)]
            _ = try await room.worker.rooms.send(
                try EventDraft(
                    sender: user, type: EventType.member, stateKey: user.userID.description, content: content),
                in: room.record)
        }
        room.view = try await room.worker.view(of: room.record)
    }

    @Test func aThousandForksAreFoldedInAndNobodyWaitsForThem() async throws {
        try await with { room in
            try await empower(&room)
            let events = try forks(1_000, of: room)
            let (worker, record, roomID, alice) = (room.worker, room.record, room.roomID, room.alice)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // As transactions bring them.
                    for start in stride(from: 0, to: events.count, by: 50) {
                        let some = events[start..<min(start + 50, events.count)]
                        for result in await worker.rooms.writers.write(each: some.map { .remote($0) }, in: record) {
                            #expect(try result.get().isWritten)
                        }
                        let head = try #require(try await worker.rooms.reader.store.head(of: record.nid))
                        #expect(head.extremities.count <= EventReceipt.maxEnds)
                    }
                }
                // Whoever speaks here meanwhile waits for a batch or two, not for all of them.
                group.addTask { for number in 0..<20 { try await worker.say("here \(number)", in: roomID, as: alice) } }
                try await group.waitForAll()
            }
            let last = try await room.say("last")
            #expect(last.prevEvents.count <= EventLimits.prevEvents)
            #expect(try await room.head().extremities.count == 1)
            // The newest name, whatever was folded together with what.
            #expect(try await room.state().content(EventType.name)?["name"]?.string == "990")
            let messages = try await room.messages()
            #expect(messages.count == 950 + 20 + 1 && Set(messages).count == messages.count)
            #expect(messages.last == "last")
        }
    }

    /// What folds is no message: nobody is shown it, and nobody is sent it.
    @Test(arguments: [RoomVersion.v1, .v11, .v12]) func foldsAreSeenByNobody(version: RoomVersion) async throws {
        try await with(version) { room in
            try await empower(&room)
            let events = try forks(25, of: room)
            let results = await room.worker.rooms.writers.write(each: events.map { .remote($0) }, in: room.record)
            for result in results { #expect(try result.get().isWritten) }
            #expect(try await room.head().extremities.count == 25)
            let answer = try await room.say("hello")
            #expect(answer.prevEvents.count == 6)
            let foldID = try #require(answer.prevEvents.last)
            let fold = try #require(try await room.worker.rooms.reader.events.event(foldID, in: room.record))
            #expect(fold.event.type == "org.matrix.dummy_event" && fold.event.sender == room.alice.userID)
            #expect(fold.event.prevEvents == events.prefix(EventLimits.prevEvents).map(\.eventID))
            #expect(!fold.stored.flags.isShown)
            #expect(try await room.messages().count == 25)
            #expect(try await room.head().extremities.count == 1)
            #expect(try await room.state().content(EventType.name)?["name"]?.string == "10")
        }
    }

    /// Ends that know nothing of our user, and are older than the one that does.
    @Test func forksOfTheTimeBeforeSilenceNobody() async throws {
        try await with { room in
            let before = room.view
            let newcomer = try await room.worker.user("newcomer")
            for (user, membership) in [(newcomer, "join"), (room.alice, "leave")] {
                let content: JSONValue = ["membership": .string(membership)]
                _ = try await room.worker.rooms.send(
                    try EventDraft(
                        sender: user, type: EventType.member, stateKey: user.userID.description, content: content),
                    in: room.record)
            }
            room.view = before
            let forks = try forks(EventLimits.prevEvents + 1, of: room).filter { $0.stateKey == nil }
            room.view = try await room.worker.view(of: room.record)
            let events = forks + [try room.view.say("now", as: room.carol, of: room.two)]
            for result in await room.worker.rooms.writers.write(each: events.map { .remote($0) }, in: room.record) {
                #expect(try result.get().isWritten)
            }
            #expect(try await room.head().extremities.count == EventLimits.prevEvents + 1)
            try await room.worker.say("here", in: room.roomID, as: newcomer)
            #expect(try await room.head().extremities.count == 1)
            #expect(try await room.state().membership(of: newcomer.userID) == .join)
            #expect(try await room.state().membership(of: room.alice.userID) == .leave)
        }
    }

    /// What others are given to sign stands on the state after the ends that it names, as they will work it out.
    @Test func draftsForOthersStandOnWhatTheyName() async throws {
        try await with { room in
            let dave = try room.two.user("dave")
            // Who folds would leave nothing to choose.
            try await leaveALurker(in: &room)
            let before = try #require(room.view.state[.joinRules])
            var events = try forks(EventLimits.prevEvents + 3, of: room)
            // The newest end has other join rules than those that can be named beside it.
            var fork = room.view
            fork.timestamp += 1_000_000
            let new: JSONValue = ["join_rule": "public", "new": true]
            events.append(try fork.send(EventType.joinRules, stateKey: "", new, as: room.bob, of: room.one))
            try await room.receive(all: events)
            #expect(try await room.state().event(EventType.joinRules)?.eventID == events.last?.eventID)
            let draft = try await room.worker.rooms.template(
                ofMembershipOf: dave, content: ["membership": "join"], in: room.record)
            func ids(_ field: String) -> [EventID] {
                draft[field]?.array?.compactMap { $0.string.flatMap { EventID($0) } } ?? []
            }
            #expect(ids("prev_events") == events.prefix(EventLimits.prevEvents).map(\.eventID))
            #expect(ids("auth_events").contains(before.eventID))
            #expect(!ids("auth_events").contains(try #require(events.last).eventID))
        }
    }

    /// In a room where we may only read, there is a bound, and others bring together what they have pulled apart.
    @Test func whoMayNotSendFoldsNothing() async throws {
        try await with { room in
            try await leaveALurker(in: &room)
            let events = try forks(EventReceipt.maxEnds + 1, of: room)
            try await room.receive(all: Array(events.dropLast()))
            let tooMany = try #require(events.last)
            let refusal = await room.worker.rooms.writers.write(each: [.remote(tooMany)], in: room.record).first
            #expect(throws: RoomWriteError.tooManyForks) { _ = try refusal?.get() }
            var merging = room.view
            merging.tips = Array(events.prefix(EventLimits.prevEvents))
            #expect(try await room.receive(try merging.say("together", as: room.bob, of: room.one)).isWritten)
            #expect(try await room.head().extremities.count == EventReceipt.maxEnds - EventLimits.prevEvents + 1)
            #expect(try await room.receive(tooMany).isWritten)
        }
    }

    /// An event may claim any depth. What follows the deepest one there can be is as deep, not deeper.
    @Test(arguments: [RoomVersion.v1, .v11, .v12]) func depthsAreBounded(version: RoomVersion) async throws {
        try await with(version) { room in
            let deepest = try room.view.send(
                EventType.message, ["body": "deep"], as: room.bob, of: room.one, depth: version.maximumDepth)
            #expect(try await room.receive(deepest).isWritten)
            #expect(try await room.say("after").depth == version.maximumDepth)
            #expect(try await room.say("and after").depth == version.maximumDepth)
        }
    }

    /// ATTACKS 4: in versions 1 and 2 servers choose the ids of their events, so that two redactions can redact each other. Neither does
    /// anything to the state, which rests on events as they were sent.
    @Test(arguments: [RoomVersion.v1, .v2]) func redactionsInACycleChangeNoState(version: RoomVersion) async throws {
        try await with(version) { room in
            try await empower(&room)
            let levels = try #require(room.view.state[.powerLevels])
            var (left, right) = (room.view, room.view)
            right.timestamp += 500
            let second = try #require(EventID("$second:one.example"))
            let first = try left.send(EventType.redaction, [:], as: room.bob, of: room.one, redacts: second)
            let back = try right.send(
                EventType.redaction, [:], as: room.bob, of: room.one, redacts: first.eventID, id: second)
            let third = try left.send(EventType.redaction, [:], as: room.bob, of: room.one, redacts: levels.eventID)
            let name = try right.send(EventType.name, stateKey: "", ["name": "N"], as: room.bob, of: room.one)
            try await room.receive(all: [first, back, third, name])
            try await room.say("after")
            let state = try await room.state()
            #expect(try await state.content(EventType.name)?["name"]?.string == "N")
            #expect(try await room.worker.rooms.reader.events.event(levels.eventID, in: room.record)?.event == levels)
            // Nor does showing one lead to the other without end.
            let readable = try await room.worker.rooms.readableRoom(room.roomID, by: room.alice)
            for id in [first.eventID, second, third.eventID] {
                let event = try await room.worker.rooms.event(id, in: readable)
                #expect(try await room.worker.rooms.render([event], in: readable, device: nil).count == 1)
            }
        }
    }

    /// A long chain of power levels is one question, and what is in memory none.
    @Test func aLadderOfAuthEventsIsReadAtOnce() async throws {
        try await with { room in
            for number in 0..<100 {
                try await room.set(EventType.powerLevels, "", ["invite": .integer(Int64(number % 50))])
            }
            let reader = room.worker.rooms.reader
            let top = try #require(try await room.state().event(EventType.powerLevels))
            let read = try await reader.eventStore.authNodes(from: [top.nid], more: 4_000, in: room.record.nid)
            #expect(read.count > 100)
            for (nid, node) in read {
                let event = try #require(try await reader.events.event(nid, in: room.record))
                #expect(node == AuthNode(stateKey: event.stored.stateKeyNID, authEvents: event.stored.authEvents))
                #expect(node.authEvents.allSatisfy { read[$0] != nil })
            }
            #expect(try await reader.eventStore.authNodes(from: [top.nid], more: 9, in: room.record.nid).count == 10)
            let loader = AuthGraphLoader(store: reader.eventStore)
            #expect(try await loader.nodes(from: [top.nid], more: 4_000, in: room.record.nid) == read)
            #expect(try await loader.nodes(from: [top.nid], more: 3, in: room.record.nid).count == 4)
        }
    }
}
