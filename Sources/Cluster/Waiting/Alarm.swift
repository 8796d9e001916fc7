import Synchronization
package import Telemetry

/// One task's sleep until a time that anybody may bring forward. While no time is set it costs nothing: what has nothing to
/// do must not wake up to find that out.
package final class Alarm: Sendable {
    private struct State {
        /// The earliest time that was set.
        var due: Duration?
        var sleeper: Waiter<Void>?
        /// Until when that one sleeps; `nil` is for ever.
        var sleepsUntil: Duration?
    }

    private let clock: any Clock
    private let state = Mutex(State())

    package init(clock: any Clock) { self.clock = clock }

    /// Ends the sleep at a time of the clock's monotonic time, unless it is to end before.
    package func set(at time: Duration) {
        let sleeper = state.withLock { state -> Waiter<Void>? in
            if let due = state.due, due <= time { return nil }
            state.due = time
            if let until = state.sleepsUntil, until <= time { return nil }
            return state.sleeper
        }
        sleeper?.end(())
    }

    /// Ends the sleep now.
    package func ring() { set(at: clock.monotonic) }

    /// Whether its task sleeps and has nothing to do yet: what was due has been done.
    package var isAsleep: Bool {
        state.withLock { $0.sleeper != nil && ($0.due.map { $0 > clock.monotonic } ?? true) }
    }

    /// Sleeps until the earliest time that was set, which is forgotten then; or until the task is cancelled. For one task.
    package func wait() async {
        while !Task.isCancelled {
            let now = clock.monotonic
            let waiter = Waiter<Void>()
            let due = state.withLock { state -> Duration? in
                let due = state.due
                let isOver = due.map { $0 <= now } ?? false
                if isOver { state.due = nil }
                state.sleeper = isOver ? nil : waiter
                state.sleepsUntil = isOver ? nil : due
                return due
            }
            guard let due else {
                await waiter.wait(cancelled: ())
                continue
            }
            guard due > now else { return }
            await sleep(until: due, or: waiter)
        }
    }

    private func sleep(until time: Duration, or waiter: Waiter<Void>) async {
        await withTaskGroup { group in
            group.addTask { [clock] in if (try? await clock.sleep(until: time)) != nil { waiter.end(()) } }
            await waiter.wait(cancelled: ())
            group.cancelAll()
        }
    }
}
