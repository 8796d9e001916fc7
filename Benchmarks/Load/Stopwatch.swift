import Glibc

/// Monotonic time in nanoseconds. The one place that reads a clock.
func monotonicNanoseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
}

/// When a run must end, whatever it still had to do.
struct Deadline: Sendable {
    private let end: Int64

    init(seconds: Int) {
        end = monotonicNanoseconds() + Int64(seconds) * 1_000_000_000
    }

    var isOver: Bool { monotonicNanoseconds() >= end }
}
