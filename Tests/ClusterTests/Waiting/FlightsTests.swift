import ApusTesting
import Cluster
import Synchronization
import Testing

struct FlightsTests {
    private typealias Numbers = Flights<String, Int>
    private struct Failure: Error {}

    /// Work that takes until it is told how it ends.
    private final class Work: Sendable {
        private let state = Mutex<(begun: Int, wasCancelled: Bool)>((0, false))
        private let end = Waiter<Result<Int, Failure>?>()

        @Sendable func run() async throws -> Int {
            state.withLock { $0.begun += 1 }
            guard let result = await end.wait(cancelled: nil) else {
                state.withLock { $0.wasCancelled = true }
                throw CancellationError()
            }
            return try result.get()
        }

        func finish(_ result: Result<Int, Failure>) { end.end(result) }
        var begun: Int { state.withLock { $0.begun } }
        var wasCancelled: Bool { state.withLock { $0.wasCancelled } }
    }

    @Test func whoWantsTheSameWaitsForTheSame() async throws {
        let (flights, one, two) = (Numbers(atMost: 8), Work(), Work())
        try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask { try await flights.join("two", two.run) }
            for _ in 0..<20 { group.addTask { try await flights.join("one", one.run) } }
            try await eventually("all") { flights.waiting(for: "one") == 20 && flights.waiting(for: "two") == 1 }
            #expect(flights.count == 2)
            one.finish(.success(1))
            for _ in 0..<20 { #expect(try await group.next() == 1) }
            two.finish(.success(2))
            #expect(try await group.next() == 2)
        }
        #expect(one.begun == 1)
        #expect(flights.count == 0)
        // What has landed is begun anew.
        #expect(try await flights.join("one") { 3 } == 3)
    }

    @Test func aFailureIsOfAllWhoWait() async throws {
        let (flights, work) = (Numbers(atMost: 8), Work())
        let tasks = (0..<3).map { _ in Task { try await flights.join("one", work.run) } }
        try await eventually("the work") { work.begun == 1 }
        work.finish(.failure(Failure()))
        for task in tasks { await #expect(throws: Failure.self) { try await task.value } }
        #expect(flights.count == 0)
    }

    @Test func itGoesOnWhenNobodyWaitsAnyMore() async throws {
        let (flights, work) = (Numbers(atMost: 8), Work())
        let first = Task { try await flights.join("one", work.run) }
        try await eventually("the work") { work.begun == 1 }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        #expect(!work.wasCancelled)
        let second = Task { try await flights.join("one") { 0 } }
        work.finish(.success(7))
        #expect([0, 7].contains(try await second.value))
        flights.start("one") { 0 }
        try await eventually("its landing") { flights.count == 0 }
    }

    @Test func thereAreNotMoreThanMayBe() async throws {
        let (flights, works) = (Numbers(atMost: 2), [Work(), Work()])
        flights.start("one", works[0].run)
        flights.start("two", works[1].run)
        await #expect(throws: Numbers.Refusal.self) { try await flights.join("three") { 3 } }
        works[0].finish(.success(1))
        try await eventually("a place") { flights.count == 1 }
        #expect(try await flights.join("three") { 3 } == 3)
        works[1].finish(.success(2))
    }

    @Test func stoppedOnesAreCancelledAndNoneBegins() async throws {
        let (flights, work) = (Numbers(atMost: 2), Work())
        let waiting = Task { try await flights.join("one", work.run) }
        try await eventually("the work") { work.begun == 1 }
        flights.stop()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(work.wasCancelled)
        await #expect(throws: Numbers.Refusal.self) { try await flights.join("two") { 2 } }
    }
}
