import ApusTesting
import Cluster
import Telemetry
import Testing

struct AlarmTests {
    private let clock = ManualClock()

    /// Runs `body` while somebody waits for the alarm.
    private func whileWaiting(_ alarm: Alarm, _ body: (Waiter<Duration>) async throws -> Void) async throws {
        let rung = Waiter<Duration>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await alarm.wait()
                rung.end(clock.monotonic)
            }
            try await body(rung)
            group.cancelAll()
        }
    }

    @Test func withoutATimeNothingWakesUp() async throws {
        let alarm = Alarm(clock: clock)
        try await whileWaiting(alarm) { rung in
            for _ in 0..<100 { await Task.yield() }
            #expect(clock.sleeperCount == 0)
            clock.advance(by: .seconds(3600))
            for _ in 0..<100 { await Task.yield() }
            #expect(!rung.hasEnded)
            alarm.ring()
            try await eventually("the alarm") { rung.hasEnded }
        }
    }

    @Test func anEarlierTimeTakesThePlaceOfALaterOne() async throws {
        let alarm = Alarm(clock: clock)
        alarm.set(at: .seconds(60))
        try await whileWaiting(alarm) { rung in
            try await eventually("the sleep") { clock.sleeperCount == 1 }
            alarm.set(at: .seconds(90))
            alarm.set(at: .seconds(10))
            try await eventually("the shorter sleep") {
                clock.advance(by: .seconds(1))
                return rung.hasEnded || clock.monotonic > .seconds(60)
            }
            #expect(await rung.wait(cancelled: .zero) < .seconds(20))
        }
        // What was later is forgotten with it: who is woken sets the next.
        try await whileWaiting(alarm) { rung in
            for _ in 0..<100 { await Task.yield() }
            #expect(clock.sleeperCount == 0)
            #expect(!rung.hasEnded)
        }
    }

    @Test func aTimeThatIsSetBeforeTheWaitIsNotLost() async throws {
        let alarm = Alarm(clock: clock)
        alarm.set(at: .zero)
        await alarm.wait()
        alarm.set(at: .seconds(1))
        clock.advance(by: .seconds(2))
        await alarm.wait()
    }

    @Test func aTimeThatIsSetWhileNobodyWaitsEndsTheNextWait() async throws {
        let alarm = Alarm(clock: clock)
        alarm.set(at: .seconds(60))
        try await whileWaiting(alarm) { _ in try await eventually("the sleep") { clock.sleeperCount == 1 } }
        alarm.set(at: .seconds(1))
        clock.advance(by: .seconds(1))
        await alarm.wait()
    }
}
