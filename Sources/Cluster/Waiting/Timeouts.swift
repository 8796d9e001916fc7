import Synchronization
package import Telemetry

/// Many waits that end by themselves after a while, with one timer for all of them.
///
/// A long poll may wait a little longer than it asked for; ten thousand of them must not cost ten thousand sleeping tasks.
/// While nothing waits, nothing wakes up.
package final class Timeouts: Sendable {
    /// How late a timeout may be.
    package static let tick = Duration.milliseconds(50)
    private static let tickMilliseconds: Int64 = 50

    package struct Ticket: Sendable {
        fileprivate let tick: Int64
        fileprivate let number: UInt64
    }

    private struct State {
        var nextNumber: UInt64 = 0
        var buckets: [Int64: [UInt64: @Sendable () -> Void]] = [:]
        /// The bucket up to which everything has been called.
        var done: Int64
    }

    private let clock: any Clock
    private let alarm: Alarm
    private let state: Mutex<State>

    package init(clock: any Clock) {
        self.clock = clock
        alarm = Alarm(clock: clock)
        state = Mutex(State(done: Self.tick(of: clock.monotonic)))
    }

    private static func tick(of time: Duration) -> Int64 { time.wholeMilliseconds / tickMilliseconds }

    private static func time(of tick: Int64) -> Duration {
        let (milliseconds, isTooLate) = tick.multipliedReportingOverflow(by: tickMilliseconds)
        return .milliseconds(isTooLate ? .max : milliseconds)
    }

    /// Calls `action` once the time is over, unless the ticket is given back before. `action` must not block.
    package func add(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> Ticket {
        let due = Self.tick(of: clock.monotonic + max(delay, .zero)) + 1
        let ticket = state.withLock { state in
            state.nextNumber += 1
            let ticket = Ticket(tick: max(due, state.done + 1), number: state.nextNumber)
            state.buckets[ticket.tick, default: [:]][ticket.number] = action
            return ticket
        }
        alarm.set(at: Self.time(of: ticket.tick))
        return ticket
    }

    package func remove(_ ticket: Ticket) {
        state.withLock { state in
            state.buckets[ticket.tick]?[ticket.number] = nil
            if state.buckets[ticket.tick]?.isEmpty == true { state.buckets[ticket.tick] = nil }
        }
    }

    /// Calls what is due, again and again, until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            await alarm.wait()
            if let next = callDue() { alarm.set(at: Self.time(of: next)) }
        }
    }

    /// Returns the tick of what is due next.
    private func callDue() -> Int64? {
        let now = Self.tick(of: clock.monotonic)
        let (due, next) = state.withLock { state -> ([[UInt64: @Sendable () -> Void]], Int64?) in
            // After a long pause there may be fewer buckets than ticks.
            let ticks = state.buckets.keys.filter { $0 <= now }.sorted()
            state.done = max(state.done, now)
            let due = ticks.compactMap { state.buckets.removeValue(forKey: $0) }
            return (due, state.buckets.keys.min())
        }
        for bucket in due { for action in bucket.values { action() } }
        return next
    }
}
