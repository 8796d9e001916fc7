import ApusTesting
import Cluster
import Telemetry
import Testing

struct TimeoutsTests {
    @Test func callsWhatIsDueAndNothingElse() async {
        let clock = ManualClock()
        let timeouts = Timeouts(clock: clock)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await timeouts.run() }
            let soon = Waiter<String>()
            let later = Waiter<String>()
            let never = Waiter<String>()
            _ = timeouts.add(after: .milliseconds(120)) { soon.end("soon") }
            _ = timeouts.add(after: .seconds(30)) { later.end("later") }
            timeouts.remove(timeouts.add(after: .milliseconds(10)) { never.end("never") })
            while !soon.hasEnded { await step(clock, until: soon) }
            #expect(clock.monotonic >= .milliseconds(120))
            #expect(clock.monotonic <= .milliseconds(120) + Timeouts.tick * 3)
            #expect(!later.hasEnded)
            while !later.hasEnded { await step(clock, until: later) }
            #expect(clock.monotonic >= .seconds(30))
            #expect(!never.hasEnded)
            group.cancelAll()
        }
    }

    @Test func callsAtTheNextTickWhatIsDueAlready() async {
        let clock = ManualClock()
        let timeouts = Timeouts(clock: clock)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await timeouts.run() }
            let waiter = Waiter<Void>()
            _ = timeouts.add(after: .seconds(-5)) { waiter.end(()) }
            while !waiter.hasEnded { await step(clock, until: waiter) }
            #expect(clock.monotonic <= Timeouts.tick * 3)
            group.cancelAll()
        }
    }

    @Test func nothingWakesUpWhileNothingWaits() async throws {
        let clock = ManualClock()
        let timeouts = Timeouts(clock: clock)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await timeouts.run() }
            for _ in 0..<100 { await Task.yield() }
            #expect(clock.sleeperCount == 0)
            let ended = Waiter<Void>()
            let ticket = timeouts.add(after: .seconds(60)) { ended.end(()) }
            try await eventually("the sleep") { clock.sleeperCount == 1 }
            // A whole minute, and not in pieces of a tick.
            clock.advance(by: .seconds(59))
            for _ in 0..<100 { await Task.yield() }
            #expect(clock.sleeperCount == 1)
            #expect(!ended.hasEnded)
            let sooner = Waiter<Void>()
            _ = timeouts.add(after: .milliseconds(10)) { sooner.end(()) }
            while !sooner.hasEnded { await step(clock, until: sooner) }
            #expect(!ended.hasEnded)
            timeouts.remove(ticket)
            clock.advance(by: .seconds(60))
            for _ in 0..<100 { await Task.yield() }
            #expect(clock.sleeperCount == 0)
            #expect(!ended.hasEnded)
            group.cancelAll()
        }
    }

    /// Moves the time on once somebody sleeps.
    private func step<Outcome>(_ clock: ManualClock, until waiter: Waiter<Outcome>) async {
        while clock.sleeperCount == 0, !waiter.hasEnded { await Task.yield() }
        guard !waiter.hasEnded else { return }
        clock.advance(by: Timeouts.tick)
        await Task.yield()
    }
}
