import ApusTesting
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Testing

/// Redactions that come before what they redact, by senders who may redact only what their own server said.
@Suite struct WaitingRedactionTests {
    private func with(
        _ version: RoomVersion = .default, _ body: (inout SharedRoom, TestInstallation) async throws -> Void
    ) async throws {
        try await TestInstallation.with { installation in
            let worker = try await installation.worker()
            var room = try await SharedRoom(worker, version: version)
            try await body(&room, installation)
            await worker.pool.close()
        }
    }

    /// A redaction that does not follow from what it redacts.
    private func redaction(
        of event: Event, as user: UserID, of server: PeerServer, on view: PeerView
    ) throws -> Event {
        var fork = view
        let content: JSONValue =
            view.version.hasRedactsInContent ? ["redacts": .string(event.eventID.description)] : [:]
        return try fork.send(EventType.redaction, content, as: user, of: server, redacts: event.eventID)
    }

    private func waiting(_ event: Event, in room: SharedRoom) async throws -> [EventID] {
        let store = room.worker.rooms.reader.eventStore
        return try await store.redactions(
            waitingFor: [(event.eventID, event.sender.serverName)], in: room.record.nid)[event.eventID] ?? []
    }

    @Test(arguments: [RoomVersion.v10, .v12]) func takesEffectWhenTheEventComes(version: RoomVersion) async throws {
        try await with(version) { room, _ in
            let before = room.view
            let said = try room.view.say("regretted", as: room.bob, of: room.one)
            let redaction = try redaction(of: said, as: room.bob, of: room.one, on: before)
            // What it redacts is not known: clients are not told of it yet.
            #expect(try await room.receive(redaction).isSoftFailed)
            #expect(try await waiting(said, in: room) == [redaction.eventID])
            #expect(try await room.receive(said).isWritten)
            let found = try #require(try await room.stored(said))
            let shown = try #require(try await room.stored(redaction))
            #expect(found.redactedBy == shown.nid && found.position > 0)
            #expect(shown.flags.isShown && shown.position == found.position)
            #expect(try await waiting(said, in: room).isEmpty)
            // It comes once more: nothing happens.
            let head = try await room.head()
            #expect(try await room.receive(redaction).isUnchanged)
            #expect(try await room.head() == head)
        }
    }

    @Test func thatOfAnotherServerTakesNone() async throws {
        try await with { room, _ in
            let before = room.view
            let said = try room.view.say("stays", as: room.bob, of: room.one)
            let foreign = try redaction(of: said, as: room.carol, of: room.two, on: before)
            #expect(try await room.receive(foreign).isSoftFailed)
            #expect(try await room.receive(said).isWritten)
            #expect(try await room.stored(said)?.redactedBy == nil)
            #expect(try await room.stored(foreign)?.flags.isShown == false)
            #expect(try await room.messages() == ["stays"])
        }
    }

    @Test func itWaitsForWhicheverWorkerGetsTheEvent() async throws {
        try await with { room, installation in
            let other = try await installation.worker()
            let before = room.view
            let said = try room.view.say("regretted", as: room.bob, of: room.one)
            let own = try redaction(of: said, as: room.bob, of: room.one, on: before)
            let foreign = try redaction(of: said, as: room.carol, of: room.two, on: before)
            for event in [foreign, own] { #expect(try await room.receive(event).isSoftFailed) }
            #expect(try await other.rooms.write(.remote(said), in: room.record).isWritten)
            let found = try await other.rooms.reader.events.event(said.eventID, in: room.record)?.stored
            let redaction = try await other.rooms.reader.events.event(own.eventID, in: room.record)
            #expect(found?.redactedBy != nil && found?.redactedBy == redaction?.nid)
            #expect(try await room.stored(said)?.redactedBy == redaction?.nid)
            await other.pool.close()
        }
    }

    /// Reading back, a room's redactions are met before what they redact.
    @Test(arguments: [true, false]) func historyIsRedactedAsWell(comesLive: Bool) async throws {
        try await with { room, _ in
            let before = room.view
            let said = try room.view.say("regretted", as: room.bob, of: room.one)
            let redaction = try redaction(of: said, as: room.bob, of: room.one, on: before)
            if comesLive {
                #expect(try await room.receive(redaction).isSoftFailed)
            } else {
                let outcome = try await room.worker.rooms.store(history: [redaction], in: room.record)
                #expect(outcome.stored == [redaction.eventID])
            }
            let outcome = try await room.worker.rooms.store(history: [said], in: room.record)
            #expect(outcome.stored == [said.eventID])
            #expect(try await room.stored(said)?.redactedBy == (try await room.stored(redaction)?.nid))
        }
    }
}
