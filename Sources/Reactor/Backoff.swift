/// How long to wait before the next attempt at something that keeps failing: doubling, with a limit and with jitter.
///
/// The jitter matters: when a server comes back, a hundred workers must not all come at the same instant.
package struct Backoff: Sendable {
    private let first: Duration
    private let limit: Duration
    private var next: Duration
    private var random: SplitMix64

    /// - Parameter seed: of the jitter; the monotonic clock does for production, a constant for a test.
    package init(first: Duration, limit: Duration, seed: UInt64 = MonotonicTime.now().nanoseconds) {
        self.first = first
        self.limit = limit
        next = first
        random = SplitMix64(state: seed)
    }

    /// The wait after one more failure: between half and all of the current step. The step then doubles.
    package mutating func delay() -> Duration {
        let step = next
        next = min(limit, next * 2)
        let nanoseconds = step.clampedNanoseconds
        return .nanoseconds(Int64(clamping: nanoseconds / 2 + random.next() % (nanoseconds / 2 + 1)))
    }

    /// After a success.
    package mutating func reset() { next = first }
}

/// Steele, Lea and Flood's generator: enough to spread retries out, and nothing else rests on it.
private struct SplitMix64: Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
