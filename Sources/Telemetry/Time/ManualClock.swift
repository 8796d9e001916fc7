import Synchronization

/// A clock for tests that moves only when it is told to.
///
/// Wall time and monotonic time move together; `jump(to:)` moves the wall alone, as an administrator would.
package final class ManualClock: Clock {
    private struct Sleeper {
        let wakesAt: Duration
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var wallMilliseconds: Int64
        var monotonic: Duration = .zero
        var nextSleeper: UInt64 = 0
        var sleepers: [UInt64: Sleeper] = [:]
        var cancelled: Set<UInt64> = []
    }

    private let state: Mutex<State>

    package init(nowMilliseconds: Int64 = 1_700_000_000_000) {
        state = Mutex(State(wallMilliseconds: nowMilliseconds))
    }

    package var nowMilliseconds: Int64 { state.withLock { $0.wallMilliseconds } }
    package var monotonic: Duration { state.withLock { $0.monotonic } }

    /// How many tasks sleep on this clock: tests wait for it before they advance.
    package var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Moves both times forward and wakes, in order, whoever slept until then.
    package func advance(by duration: Duration) {
        let due = state.withLock { state -> [Sleeper] in
            state.monotonic += duration
            state.wallMilliseconds += duration.wholeMilliseconds
            let now = state.monotonic
            let due = state.sleepers.filter { $0.value.wakesAt <= now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.sorted { ($0.value.wakesAt, $0.key) < ($1.value.wakesAt, $1.key) }.map(\.value)
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Moves the wall clock alone.
    package func jump(to nowMilliseconds: Int64) {
        state.withLock { $0.wallMilliseconds = nowMilliseconds }
    }

    package func sleep(until time: Duration) async throws {
        let id = state.withLock { state -> UInt64 in
            state.nextSleeper += 1
            return state.nextSleeper
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome = enqueue(id, until: time, continuation)
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                guard let sleeper = state.sleepers.removeValue(forKey: id) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return sleeper
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Returns how the sleep ended already, or nil when it has begun.
    private func enqueue(
        _ id: UInt64, until time: Duration, _ continuation: CheckedContinuation<Void, any Error>
    ) -> Result<Void, any Error>? {
        state.withLock { state in
            if state.cancelled.remove(id) != nil { return .failure(CancellationError()) }
            if time <= state.monotonic { return .success(()) }
            state.sleepers[id] = Sleeper(wakesAt: time, continuation: continuation)
            return nil
        }
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero; saturates rather than overflows.
    package var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, overflowed) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return overflowed ? (seconds < 0 ? .min : .max) : sum
    }

    /// Whole microseconds, rounded towards zero; saturates rather than overflows.
    package var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, overflowed) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return overflowed ? (seconds < 0 ? .min : .max) : sum
    }
}
