/// How the time of some work grows with its input. Compared is the time of an input with that of a smaller one of the same
/// shape, not with a clock on the wall, so that a slow machine passes too.
enum CostGrowth {
    private static let growth = 8
    /// How much longer eight times the input may take: linear is 8, n log n a little more, quadratic 64.
    static let allowed = 30.0
    private static let attempts = 4

    static func ratio<Input>(_ make: (Int) -> Input, size: Int, _ work: (Input) throws -> Void) throws -> Double {
        let small = try time(make(size), work)
        return try time(make(size * growth), work) / small
    }

    /// The shortest of some attempts, in seconds.
    private static func time<Input>(_ input: Input, _ work: (Input) throws -> Void) throws -> Double {
        let clock = SuspendingClock()
        var best = Duration.seconds(3600)
        for _ in 0..<attempts { best = min(best, try clock.measure { try work(input) }) }
        return max(best / .nanoseconds(1), 1)
    }
}
