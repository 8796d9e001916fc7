import MatrixCore
import Synchronization
import Telemetry
import Testing

@testable import Federation

@Suite struct TransactionGateTests {
    private let one = ServerName("one.example")!
    private let two = ServerName("two.example")!

    /// Counts who is inside.
    private final class Inside: Sendable {
        private let count = Mutex((now: 0, most: 0, all: 0))
        var most: Int { count.withLock { $0.most } }
        var all: Int { count.withLock { $0.all } }
        func enter() { count.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1), $0.all + 1) } }
        func leave() { count.withLock { $0.now -= 1 } }
    }

    @Test func aServersTransactionsGoOneAfterTheOther() async throws {
        let gate = TransactionGate()
        let inside = Inside()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<TransactionGate.maxWaitingPerOrigin {
                group.addTask {
                    try await gate.pass(one) {
                        inside.enter()
                        for _ in 0..<10 { await Task.yield() }
                        inside.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(inside.most == TransactionGate.maxPerOrigin)
        #expect(inside.all == TransactionGate.maxWaitingPerOrigin)
    }

    @Test func whoAsksTooMuchIsSentAwayAndOthersAreNot() async throws {
        let gate = TransactionGate()
        let (held, release) = AsyncStream<Void>.makeStream()
        let inside = Inside()
        await withTaskGroup(of: Errcode?.self) { group in
            for _ in 0..<12 {
                group.addTask {
                    do {
                        try await gate.pass(one) {
                            inside.enter()
                            for await _ in held {}
                        }
                        return nil
                    } catch { return (error as? MatrixError)?.errcode ?? .unknown }
                }
            }
            // One is inside, so many wait, and the rest is told at once.
            var refused = 0
            while refused < 12 - TransactionGate.maxPerOrigin - TransactionGate.maxWaitingPerOrigin {
                if await group.next() == .some(.limitExceeded) { refused += 1 }
            }
            #expect(inside.all <= TransactionGate.maxPerOrigin)
            await #expect(throws: Never.self) { try await gate.pass(two) {} }
            release.finish()
            for await result in group { #expect(result == nil) }
        }
        #expect(inside.all == TransactionGate.maxPerOrigin + TransactionGate.maxWaitingPerOrigin)
    }

    @Test func whoGivesUpWaitingLeavesNothingBehind() async throws {
        let gate = TransactionGate()
        let (held, release) = AsyncStream<Void>.makeStream()
        let inside = Inside()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [one] in
                try? await gate.pass(one) {
                    inside.enter()
                    for await _ in held {}
                }
            }
            while inside.all == 0 { await Task.yield() }
            let waiting = Task { [one] in try await gate.pass(one) { inside.enter() } }
            await Task.yield()
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            release.finish()
        }
        await #expect(throws: Never.self) { try await gate.pass(one) { inside.enter() } }
        #expect(inside.all == 2)
    }

    @Test func pausesGrowUpToABound() {
        #expect(StagedRoom.pause(after: 0) == StagedRoom.firstPause)
        #expect(StagedRoom.pause(after: 3) == StagedRoom.firstPause * 8)
        #expect(StagedRoom.pause(after: .max) == StagedRoom.longestPause)
    }
}
