import ApusTesting
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Telemetry
import Testing

/// What a client asks for twice under one transaction id is done once, whichever workers it asks.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#transaction-identifiers
@Suite struct TransactionTests {
    private static let attempts = 8

    private func with(_ body: (_ workers: [RoomsWorker], _ alice: UserRecord, RoomID) async throws -> Void) async throws
    {
        try await TestInstallation.with { installation in
            let workers = [try await installation.worker(), try await installation.worker()]
            let alice = try await workers[0].user("alice")
            try await body(workers, alice, try await workers[0].room(by: alice))
            for worker in workers { await worker.pool.close() }
        }
    }

    /// What comes of doing something at once through all workers, several times.
    private func results<Result: Hashable & Sendable>(
        _ workers: [RoomsWorker], _ body: @escaping @Sendable (RoomsWorker) async throws -> Result
    ) async throws -> Set<Result> {
        try await withThrowingTaskGroup(of: Result.self) { group in
            for number in 0..<Self.attempts { group.addTask { try await body(workers[number % workers.count]) } }
            return try await group.reduce(into: []) { $0.insert($1) }
        }
    }

    @Test func aMessageIsSentOnce() async throws {
        try await with { workers, alice, room in
            let sent = try await results(workers) { try await $0.say("once", in: room, as: alice, transaction: "1") }
            #expect(sent.count == 1)
            #expect(try await workers[0].messages(in: room, for: alice) == ["once"])
            // Another type has a path of its own, and so has another room.
            let other = try EventDraft(
                sender: alice, type: "org.example.thing", content: ["body": "again"],
                transaction: EventTransaction(deviceID: "D", transactionID: "1"))
            let again = try await workers[1].rooms.send(other, to: room)
            #expect(!sent.contains(again))
            let elsewhere = try await workers[1].room(by: alice)
            #expect(try await !sent.contains(workers[1].say("once", in: elsewhere, as: alice, transaction: "1")))
        }
    }

    /// A device that comes under the name of a deleted one begins anew.
    @Test func aDeletedDeviceLeavesItsTransactionsToTheNextOfItsName() async throws {
        try await with { workers, alice, room in
            let devices = DeviceStore(pool: workers[0].pool)
            func open(_ token: String, now: Int64) async throws {
                _ = try await devices.open(
                    DeviceOpening(
                        user: alice, deviceID: "D", displayName: nil, address: "",
                        tokens: NewTokens(access: TokenHash(of: token), accessExpiresMilliseconds: nil, refresh: nil),
                        verifiedHash: nil), now: now)
            }
            let now = workers[0].telemetry.clock.nowMilliseconds
            _ = try await AccountStore(pool: workers[0].pool).create(
                NewAccount(user: alice, passwordHash: nil), oldestSession: 0, now: now)
            try await open("first", now: now)
            let sent = try await workers[0].say("first", in: room, as: alice, transaction: "1")
            // A device that logs in once more is the same device.
            try await open("again", now: now + 3_600_000)
            #expect(try await workers[1].say("first", in: room, as: alice, transaction: "1") == sent)
            _ = try await devices.close(["D"], of: alice, now: now)
            try await workers[0].pool.execute(
                Statement("test.hour_passes", "update log set written_ms = written_ms - 3600000"))
            try await open("second", now: now)
            let results = try await results(workers) {
                try await $0.say("second", in: room, as: alice, transaction: "1")
            }
            #expect(results.count == 1 && !results.contains(sent))
            #expect(try await workers[0].messages(in: room, for: alice) == ["first", "second"])
        }
    }

    @Test func anEventIsRedactedOnce() async throws {
        try await with { workers, alice, room in
            let said = [
                try await workers[0].say("a", in: room, as: alice), try await workers[0].say("b", in: room, as: alice),
            ]
            var redactions: Set<EventID> = []
            for event in said {
                let done = try await results(workers) { worker in
                    try await worker.rooms.redact(
                        event, in: room, by: alice, reason: nil, device: "D", transactionID: "1")
                }
                #expect(done.count == 1)
                redactions.formUnion(done)
            }
            // The request names the event, so it is another one for another event.
            #expect(redactions.count == said.count)
            for event in said {
                #expect(try await workers[1].content(of: event, in: room, for: alice).object?.isEmpty == true)
            }
            // The sender's device gets its own id back, and nothing else.
            let record = try await workers[1].record(room)
            for event in try await workers[1].rooms.reader.events.events(Array(redactions), in: record).values {
                #expect(event.stored.transaction?.transactionID == "1")
            }
        }
    }

    @Test func anEventIsDelayedOnce() async throws {
        try await with { workers, alice, room in
            let content = try JSONDocument(parsing: Array(#"{"body":"later"}"#.utf8))
            let ids = try await results(workers) { worker in
                try await worker.delayedEvents().schedule(
                    DelayedEventRequest(
                        roomID: room, type: EventType.message, stateKey: nil, content: content.root,
                        delayMilliseconds: 60_000, device: "D", transactionID: "1"), by: alice)
            }
            #expect(ids.count == 1)
        }
    }
}
