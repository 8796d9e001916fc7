import Glibc

/// The machine's own time.
package struct SystemClock: Clock {
    package init() {}

    package var nowMilliseconds: Int64 {
        let now = Self.read(CLOCK_REALTIME)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    package var monotonic: Duration {
        let now = Self.read(CLOCK_MONOTONIC)
        return .seconds(now.tv_sec) + .nanoseconds(now.tv_nsec)
    }

    package func sleep(until time: Duration) async throws { try await Task.sleep(for: max(time - monotonic, .zero)) }

    private static func read(_ clock: clockid_t) -> timespec {
        var now = timespec()
        clock_gettime(clock, &now)
        return now
    }
}
