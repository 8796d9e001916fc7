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
            while !soon.hasEnded { await step(clock) }
            #expect(clock.monotonic >= .milliseconds(120))
            #expect(clock.monotonic <= .milliseconds(120) + Timeouts.tick * 3)
            #expect(!later.hasEnded)
            while !later.hasEnded { await step(clock) }
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
            while !waiter.hasEnded { await step(clock) }
            #expect(clock.monotonic <= Timeouts.tick * 3)
            group.cancelAll()
        }
    }

    /// Moves the time on once somebody sleeps.
    private func step(_ clock: ManualClock) async {
        while clock.sleeperCount == 0 { await Task.yield() }
        clock.advance(by: Timeouts.tick)
        await Task.yield()
    }
}
