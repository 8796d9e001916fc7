import ApusTesting
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Telemetry
import Testing

/// - Spec: MSC4354
struct StickyEventTests {
    private func sticky(_ text: String, _ milliseconds: Int64, by user: UserRecord, _ worker: RoomsWorker) throws
        -> EventDraft
    {
        var draft = try worker.message(text, by: user)
        draft.stickyMilliseconds = milliseconds
        return draft
    }

    /// What is sticky in a room now, after a position.
    private func texts(_ worker: RoomsWorker, _ roomID: RoomID, since: Int64 = 0) async throws -> [String] {
        let room = try await worker.record(roomID)
        let question = StickyEvents.Question(room: room, since: since, head: .max)
        return (try await worker.rooms.sticky.events([question])[room.nid] ?? []).compactMap {
            $0.event.content["body"]?.string
        }
    }

    @Test func eventsAreStickyForAsLongAsTheySay() async throws {
        let clock = ManualClock()
        try await TestInstallation.with(clock: clock) { installation in
            let worker = try await installation.worker()
            let alice = try await worker.user("alice")
            let roomID = try await worker.room(by: alice)
            let first = try await worker.rooms.send(try sticky("long", 600_000, by: alice, worker), to: roomID)
            _ = try await worker.rooms.send(try sticky("short", 1_000, by: alice, worker), to: roomID)
            try await worker.say("plain", in: roomID, as: alice)
            #expect(try await texts(worker, roomID) == ["long", "short"])
            let stored = try #require(
                try await worker.rooms.reader.events.event(first, in: try await worker.record(roomID)))
            #expect(stored.event.json["msc4354_sticky"]?["duration_ms"]?.int == 600_000)
            #expect(try await texts(worker, roomID, since: stored.stored.position) == ["short"], "what came after")
            clock.advance(by: .seconds(1))
            #expect(try await texts(worker, roomID) == ["long"])
            _ = try await worker.rooms.redact(
                first, in: roomID, by: alice, reason: nil, device: nil, transactionID: "r")
            #expect(try await texts(worker, roomID).isEmpty, "a redacted one is an event like others")
            clock.advance(by: .seconds(3600))
            try await StickyEventUpkeep(store: StickyEventStore(pool: worker.pool), clock: clock).purge()
        }
    }

    @Test func aFutureTimestampReservesNothing() async throws {
        try await RoomsWorker.with { worker in
            let shared = try await SharedRoom(worker)
            var view = try await worker.view(of: shared.record)
            let now = SystemClock().nowMilliseconds
            for (time, body) in [(now + 86_400_000, "future"), (now - 400_000, "past"), (now, "now")] {
                view.timestamp = time
                let event = try view.send(
                    EventType.message, ["msgtype": "m.text", "body": .string(body)], as: shared.bob, of: shared.one,
                    sticky: 300_000)
                #expect(try await shared.receive(event).isWritten)
            }
            #expect(try await texts(worker, shared.roomID) == ["future", "now"])
            let far = now + 400_000
            let ends =
                try await StickyEventStore(pool: worker.pool).shown(
                    in: [(shared.record.nid, 0, .max)], now: far)[shared.record.nid] ?? []
            for entry in ends {
                let event = try #require(
                    try await worker.rooms.reader.events.event(entry.event, in: shared.record))
                #expect((event.event.stickyEnd(receivedAt: entry.receivedAt) ?? 0) < far)
            }
        }
    }

    @Test(arguments: [-1, 3_600_001] as [Int64])
    func anInvalidDurationIsNone(duration: Int64) async throws {
        try await RoomsWorker.with { worker in
            let alice = try await worker.user("alice")
            let roomID = try await worker.room(by: alice)
            _ = try await worker.rooms.send(try sticky("x", duration, by: alice, worker), to: roomID)
            #expect(try await texts(worker, roomID).isEmpty)
        }
    }

    @Test func whatWasSoftFailedIsShownOnceItsSenderIsBack() async throws {
        try await RoomsWorker.with { worker in
            let shared = try await SharedRoom(worker)
            var fork = try await worker.view(of: shared.record)
            fork.timestamp = SystemClock().nowMilliseconds
            let plain = try fork.say("plain", as: shared.bob, of: shared.one)
            let event = try fork.send(
                EventType.message, ["msgtype": "m.text", "body": "sticky"], as: shared.bob, of: shared.one,
                sticky: 300_000)
            try await worker.rooms.kick(shared.bob, from: shared.roomID, by: shared.alice, reason: nil)
            #expect(try await shared.receive(plain).isSoftFailed)
            #expect(try await shared.receive(event).isSoftFailed)
            #expect(try await texts(worker, shared.roomID).isEmpty)

            var view = try await worker.view(of: shared.record)
            view.timestamp = SystemClock().nowMilliseconds
            #expect(try await shared.receive(try view.join(shared.bob, of: shared.one)).isWritten)
            try await eventually("the sticky event") { try await texts(worker, shared.roomID) == ["sticky"] }
            #expect(try await shared.messages() == ["sticky"], "the other one stays refused")
            let stored = try #require(try await shared.stored(event))
            #expect(stored.flags.isShown)
            #expect(stored.position > 0)
        }
    }
}
