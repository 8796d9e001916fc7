import Glibc

/// How the time of some work grows with its input. Compared is the time of an input with that of a smaller one of the same
/// shape, in processor time of the thread, so that a slow or busy machine passes too.
enum CostGrowth {
    private static let growth = 8
    /// How much longer eight times the input may take: linear is 8, n log n a little more, quadratic 64.
    static let allowed = 30.0
    private static let attempts = 4

    static func ratio<Input>(_ make: (Int) -> Input, size: Int, _ work: (Input) throws -> Void) throws -> Double {
        let small = try time(make(size), work)
        return try time(make(size * growth), work) / small
    }

    /// The shortest of some attempts, in nanoseconds.
    private static func time<Input>(_ input: Input, _ work: (Input) throws -> Void) throws -> Double {
        var best = Double.greatestFiniteMagnitude
        for _ in 0..<attempts {
            let start = processorNanoseconds()
            try work(input)
            best = min(best, processorNanoseconds() - start)
        }
        return max(best, 1)
    }

    private static func processorNanoseconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}
