import ApusTesting
import Cluster
import Synchronization
import Telemetry
import Testing

struct SharedQuestionsTests {
    private typealias Questions = SharedQuestions<Int16, Set<Int16>>

    /// A database that answers when it is told to, and remembers what it was asked.
    private final class Oracle: Sendable {
        private let asked = Mutex<[Set<Int16>]>([])
        private let gates: [Waiter<(any Error)?>]

        init(gates: Int) { self.gates = (0..<gates).map { _ in Waiter() } }

        var questions: [Set<Int16>] { asked.withLock { $0 } }

        @Sendable func ask(_ shards: Set<Int16>) async throws -> Set<Int16> {
            let number = asked.withLock { asked in
                asked.append(shards)
                return asked.count - 1
            }
            guard gates.indices.contains(number) else { return shards }
            if let error = await gates[number].wait(cancelled: CancellationError()) { throw error }
            return shards
        }

        func answer(_ number: Int, _ error: (any Error)? = nil) { gates[number].end(error) }
    }

    private struct Failure: Error {}

    @Test func whoComesWhileAQuestionIsOnItsWaySharesTheNext() async throws {
        let (questions, oracle) = (Questions(clock: SystemClock()), Oracle(gates: 1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let answer = try await questions.ask([1], oracle.ask)
                #expect(answer == [1])
            }
            try await eventually("the first question") { oracle.questions.count == 1 }
            for shard in 2..<Int16(50) {
                group.addTask {
                    let answer = try await questions.ask([shard], oracle.ask)
                    #expect(answer == Set(2..<50))
                }
            }
            try await eventually("all others waiting") { questions.waitingCount == 48 }
            oracle.answer(0)
            try await group.waitForAll()
        }
        #expect(oracle.questions == [[1], Set(2..<50)])
        _ = try await questions.ask([7], oracle.ask)
        #expect(oracle.questions.last == [7])
    }

    @Test func aFailureIsOfThoseWhoAsked() async throws {
        let (questions, oracle) = (Questions(clock: SystemClock()), Oracle(gates: 2))
        let first = Task { try await questions.ask([1], oracle.ask) }
        try await eventually("the first question") { oracle.questions.count == 1 }
        let second = Task { try await questions.ask([2], oracle.ask) }
        try await eventually("the second waiting") { questions.waitingCount == 1 }
        oracle.answer(0, Failure())
        await #expect(throws: Failure.self) { try await first.value }
        oracle.answer(1)
        #expect(try await second.value == [2])
        #expect(oracle.questions == [[1], [2]])
    }

    @Test func nobodyIsLostWhenRequestsAreCancelled() async throws {
        let (questions, oracle) = (Questions(clock: SystemClock()), Oracle(gates: 2))
        let first = Task { try await questions.ask([1], oracle.ask) }
        try await eventually("the first question") { oracle.questions.count == 1 }
        let others = (2..<6).map { shard in Task { try await questions.ask([Int16(shard)], oracle.ask) } }
        try await eventually("the others waiting") { questions.waitingCount == 4 }
        // One that waits and the one that asks go away; then the one that asks for the rest does.
        others[0].cancel()
        await #expect(throws: CancellationError.self) { try await others[0].value }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        try await eventually("the second question") { oracle.questions.count == 2 }
        oracle.answer(1, CancellationError())
        var cancelled = 0
        for other in others.dropFirst() {
            do { _ = try await other.value } catch is CancellationError { cancelled += 1 }
        }
        #expect(cancelled == 1)
        _ = try await questions.ask([9], oracle.ask)
        #expect(oracle.questions.last == [9])
    }

    @Test func aQuestionWaitsAMomentForOthersToJoin() async throws {
        let (clock, oracle) = (ManualClock(), Oracle(gates: 0))
        let questions = Questions(moment: .milliseconds(50), clock: clock)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for shard in 1..<Int16(10) {
                group.addTask {
                    let answer = try await questions.ask([shard], oracle.ask)
                    #expect(answer == Set(1..<10))
                }
            }
            try await eventually("one that leads and eight that wait") {
                clock.sleeperCount == 1 && questions.waitingCount == 8
            }
            #expect(oracle.questions.isEmpty)
            clock.advance(by: .milliseconds(50))
            try await group.waitForAll()
        }
        #expect(oracle.questions == [Set(1..<10)])
    }

    @Test func whoWaitsLeadsWhenTheLeaderGoesAwayInItsMoment() async throws {
        let (clock, oracle) = (ManualClock(), Oracle(gates: 0))
        let questions = Questions(moment: .milliseconds(50), clock: clock)
        let leader = Task { try await questions.ask([1], oracle.ask) }
        try await eventually("a moment") { clock.sleeperCount == 1 }
        let other = Task { try await questions.ask([2], oracle.ask) }
        try await eventually("another that waits") { questions.waitingCount == 1 }
        leader.cancel()
        await #expect(throws: CancellationError.self) { try await leader.value }
        try await eventually("its moment") { clock.sleeperCount == 1 }
        clock.advance(by: .milliseconds(50))
        #expect(try await other.value.contains(2))
        #expect(oracle.questions.count == 1)
    }
}
