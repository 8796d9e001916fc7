import Testing

@testable import Reactor

@Suite struct TimerQueueTests {
    private func time(_ milliseconds: UInt64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }

    /// The timers that are due, by the order in which they come.
    private func due(_ queue: inout TimerQueue, at now: UInt64) -> Int {
        var count = 0
        while queue.popDue(at: time(now)) != nil { count += 1 }
        return count
    }

    @Test func givesWhatIsDueAndNothingElse() {
        var queue = TimerQueue()
        for deadline: UInt64 in [50, 10, 30, 20, 40] { _ = queue.insert(at: time(deadline)) { _ in } }
        #expect(due(&queue, at: 9) == 0)
        #expect(due(&queue, at: 30) == 3)
        #expect(queue.millisecondsUntilNext(from: time(30)) == 10)
        #expect(due(&queue, at: 100) == 2)
        #expect(queue.millisecondsUntilNext(from: time(100)) == -1)
    }

    @Test func roundsTheWaitUp() {
        var queue = TimerQueue()
        _ = queue.insert(at: MonotonicTime(nanoseconds: 1)) { _ in }
        #expect(queue.millisecondsUntilNext(from: time(0)) == 1)
    }

    @Test func forgetsCancelledTimers() {
        var queue = TimerQueue()
        let timers = (1...1000).map { queue.insert(at: time(UInt64($0))) { _ in } }
        for timer in timers.dropLast() { queue.remove(timer) }
        #expect(queue.count == 1)
        #expect(queue.millisecondsUntilNext(from: time(0)) == 1000)
        #expect(due(&queue, at: 2000) == 1)
    }

    @Test func keepsTheOrderOfManyTimers() {
        var queue = TimerQueue()
        var deadline: UInt64 = 7
        for _ in 0..<500 {
            deadline = deadline &* 48271 % 2_147_483_647
            _ = queue.insert(at: time(deadline % 1000)) { _ in }
        }
        var left = 500
        for now: UInt64 in 0..<1000 {
            let next = queue.millisecondsUntilNext(from: time(now))
            let count = due(&queue, at: now)
            left -= count
            #expect((next == 0) == (count > 0))
        }
        #expect(left == 0)
    }
}
