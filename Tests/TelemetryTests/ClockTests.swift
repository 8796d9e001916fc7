import Telemetry
import Testing

@Suite struct ClockTests {
    private func untilSleeping(_ clock: ManualClock, count: Int) async {
        while clock.sleeperCount < count { await Task.yield() }
    }

    @Test func sleepersWakeWhenTheirTimeHasCome() async throws {
        let clock = ManualClock()
        let task = Task { try await clock.sleep(for: .seconds(5)) }
        await untilSleeping(clock, count: 1)
        clock.advance(by: .seconds(4))
        #expect(clock.sleeperCount == 1)
        clock.advance(by: .seconds(1))
        try await task.value
        #expect(clock.monotonic == .seconds(5))
        #expect(clock.nowMilliseconds == 1_700_000_005_000)
    }

    @Test func cancelledSleepersLeave() async {
        let clock = ManualClock()
        let task = Task { try await clock.sleep(for: .seconds(5)) }
        await untilSleeping(clock, count: 1)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(clock.sleeperCount == 0)
    }

    @Test func aDeadlineCancelsWhatTakesTooLong() async throws {
        let clock = ManualClock()
        let task = Task {
            try await clock.withDeadline(.seconds(1)) {
                try await clock.sleep(for: .seconds(60))
                return 1
            }
        }
        await untilSleeping(clock, count: 2)
        clock.advance(by: .seconds(1))
        await #expect(throws: DeadlineExceeded.self) { try await task.value }
        #expect(clock.sleeperCount == 0)
        #expect(try await clock.withDeadline(.seconds(1)) { 7 } == 7)
    }

    @Test func theSystemClockMovesForward() async throws {
        let clock = SystemClock()
        let before = clock.monotonic
        try await clock.sleep(for: .milliseconds(5))
        #expect(clock.monotonic - before >= .milliseconds(5))
        #expect(clock.nowMilliseconds > 1_700_000_000_000)
    }

    @Test func durationsSaturate() {
        #expect(Duration.seconds(Int64.max).wholeMilliseconds == .max)
        #expect(Duration.seconds(Int64.min).wholeMicroseconds == .min)
        #expect(Duration.milliseconds(1500).wholeMilliseconds == 1500)
    }
}
