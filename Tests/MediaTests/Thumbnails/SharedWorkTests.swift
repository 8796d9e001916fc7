import Synchronization
import Testing

@testable import Media

@Suite struct SharedWorkTests {
    private struct Failure: Error {}

    private final class Counter: Sendable {
        private let count = Atomic(0)
        var value: Int { count.load(ordering: .sequentiallyConsistent) }
        func add() { count.add(1, ordering: .sequentiallyConsistent) }
    }

    @Test(.timeLimit(.minutes(1)), arguments: [true, false])
    func isDoneOnceForAll(_ fails: Bool) async throws {
        let work = SharedWork<Int>()
        let (begun, arrived) = (Counter(), Counter())
        let failures = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    arrived.add()
                    do {
                        try await work.run(1) {
                            begun.add()
                            while arrived.value < 20 { await Task.yield() }
                            try await Task.sleep(for: .milliseconds(100))
                            if fails { throw Failure() }
                        }
                        return false
                    } catch { return error is Failure }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(begun.value == 1)
        #expect(failures == (fails ? 20 : 0))
    }

    @Test(.timeLimit(.minutes(1))) func aCancelledRequestDoesNotFailItsNeighbours() async throws {
        let work = SharedWork<Int>()
        let (begun, done) = (Counter(), Counter())
        let first = Task {
            try await work.run(1) {
                begun.add()
                try await Task.sleep(for: .seconds(60))
            }
        }
        while begun.value == 0 { await Task.yield() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<5 { group.addTask { try await work.run(1) { done.add() } } }
            first.cancel()
            try await group.waitForAll()
        }
        #expect(done.value >= 1)
        await #expect(throws: CancellationError.self) { try await first.value }
    }
}
