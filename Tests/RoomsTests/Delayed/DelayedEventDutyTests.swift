import ApusTesting
import Cluster
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Telemetry
import Testing

/// Delayed events are sent when their time has come, by whichever worker there is, and once.
struct DelayedEventDutyTests {
    private func message(
        _ text: String, in room: RoomID, after milliseconds: Int64, transaction: String? = nil
    ) -> NewDelayedEvent {
        NewDelayedEvent(
            roomID: room, type: EventType.message, stateKey: nil,
            content: Array(#"{"body":"\#(text)","msgtype":"m.text"}"#.utf8), delayMilliseconds: milliseconds,
            transaction: transaction.map { EventTransaction(deviceID: "D", transactionID: $0) })
    }

    private func runner(_ worker: RoomsWorker, _ name: String) -> DutyRunner {
        let upkeep = StickyEventUpkeep(store: StickyEventStore(pool: worker.pool), clock: worker.telemetry.clock)
        return DutyRunner(
            duty: DelayedEventDuty(
                worker.delayedEvents(), sticky: upkeep, shardCount: worker.installation.shardCount),
            worker: name, leases: LeaseStore(pool: worker.pool), timeouts: worker.timeouts,
            telemetry: worker.telemetry)
    }

    /// Runs the duty while `body` runs.
    private func running(
        _ worker: RoomsWorker, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let runner = runner(worker, "one")
        try await worker.following(beside: [{ await runner.run() }]) { try await body() }
    }

    private func outcome(_ delayID: String, _ worker: RoomsWorker) async throws -> DelayedEventRecord.End.Outcome? {
        try await DelayedEventStore(pool: worker.pool).event(delayID)?.end?.outcome
    }

    @Test func whatIsDueIsSentInTheOrderInWhichItIsDue() async throws {
        try await RoomsWorker.with { worker in
            let alice = try await worker.user("alice")
            let room = try await worker.room(by: alice)
            let events = worker.delayedEvents()
            // Not in the order in which they are due; the last is of tomorrow.
            for (text, delay) in [("third", 4000), ("first", 1), ("second", 2000), ("tomorrow", 80_000_000)]
                as [(String, Int64)]
            {
                _ = try await events.schedule(message(text, in: room, after: delay), by: alice)
            }
            try await running(worker) {
                try await eventually("three events") {
                    try await worker.messages(in: room, for: alice) == ["first", "second", "third"]
                }
                // What was sent is noted a moment after it can be read.
                try await eventually("only tomorrow's is left") {
                    try await events.scheduled(by: alice.nid).map(\.record.delayMilliseconds) == [80_000_000]
                }
            }
        }
    }

    @Test func whatWasTakenByAWorkerThatDiedIsSentOnce() async throws {
        try await RoomsWorker.with { worker in
            let alice = try await worker.user("alice")
            let room = try await worker.room(by: alice)
            let events = worker.delayedEvents()
            let store = DelayedEventStore(pool: worker.pool)
            let sent = try await events.schedule(message("sent", in: room, after: 1), by: alice)
            let taken = try await events.schedule(message("taken", in: room, after: 1), by: alice)
            // One was sent, which nobody has noted any more; the other was not.
            for id in [sent, taken] {
                #expect(try await store.change(id, .take, by: nil, now: 0) == .done)
            }
            var draft = try worker.message("sent", by: alice)
            draft.transaction = .delayed(sent)
            let first = try await worker.rooms.send(draft, to: room)
            try await running(worker) {
                try await eventually("both") {
                    try await worker.messages(in: room, for: alice).sorted() == ["sent", "taken"]
                }
                try await eventually("both are noted") { try await events.scheduled(by: alice.nid).isEmpty }
            }
            guard case .sent(let noted) = try await outcome(sent, worker) else {
                Issue.record("not sent")
                return
            }
            #expect(noted == first)
        }
    }

    @Test func aRestartPutsItOffAndACancelEndsIt() async throws {
        try await RoomsWorker.with { worker in
            let alice = try await worker.user("alice")
            let room = try await worker.room(by: alice)
            let events = worker.delayedEvents()
            let kept = try await events.schedule(message("kept", in: room, after: 1500), by: alice)
            let dropped = try await events.schedule(message("dropped", in: room, after: 1500), by: alice)
            _ = try await events.schedule(message("plain", in: room, after: 1500), by: alice)
            try await running(worker) {
                try await events.cancel(dropped, by: alice.nid)
                try await Task.sleep(for: .milliseconds(900))
                try await events.restart(kept, by: alice.nid)
                // Without the restart the order would be another.
                try await eventually("the one that was restarted") {
                    try await worker.messages(in: room, for: alice) == ["plain", "kept"]
                }
            }
            guard case .cancelled = try await outcome(dropped, worker) else {
                Issue.record("not cancelled")
                return
            }
        }
    }

    @Test func whatTheRoomRefusesHasFailed() async throws {
        try await RoomsWorker.with { worker in
            let alice = try await worker.user("alice")
            let bob = try await worker.user("bob")
            let room = try await worker.room(by: alice, members: [bob])
            let events = worker.delayedEvents()
            let gone = try await events.schedule(message("gone", in: room, after: 1), by: bob)
            let nowhere = try await events.schedule(
                message("nowhere", in: RoomID("!nowhere:example.org")!, after: 1), by: bob)
            try await worker.rooms.kick(bob.userID, from: room, by: alice, reason: nil)
            try await running(worker) {
                try await eventually("nothing waits") { try await events.scheduled(by: bob.nid).isEmpty }
            }
            for id in [gone, nowhere] {
                guard case .failed(let error) = try await outcome(id, worker) else {
                    Issue.record("not failed")
                    continue
                }
                #expect(try JSONValue(parsing: error)["errcode"] == "M_FORBIDDEN")
            }
            #expect(try await worker.messages(in: room, for: alice).isEmpty)
        }
    }
}
