import Synchronization
package import Telemetry

/// How much may be done at once, and how fast it comes back.
package struct RateBudget: Sendable, Equatable {
    package let perSecond: Double
    package let burst: Int

    package init(perSecond: Double, burst: Int) {
        self.perSecond = perSecond
        self.burst = burst
    }
}

/// Token buckets in the memory of one worker.
///
/// A cluster of n workers so allows up to n times as much to who spreads requests over them: the limits are there against
/// floods, not for accounting. Each bucket is kept as the one instant at which it would be full again, so a full bucket
/// needs no memory.
package final class TokenBuckets: RateLimiter {
    /// Above this the buckets that are full by now are thrown out, and then, if that was not enough, all of them: who can
    /// make so many subjects evades any table of them.
    private static let maximumBuckets = 200_000

    private struct Key: Hashable {
        let budget: RateLimitClass
        let subject: RateLimitSubject
    }

    private let budgets: [RateLimitClass: RateBudget]
    private let clock: any Clock
    private let fullAgain = Mutex<[Key: Duration]>([:])

    /// - Parameter budgets: classes that are left out are not limited.
    package init(_ budgets: [RateLimitClass: RateBudget], clock: any Clock) {
        self.budgets = budgets.filter { $0.value.perSecond > 0 && $0.value.burst > 0 }
        self.clock = clock
    }

    package func wait(for subject: RateLimitSubject, in budget: RateLimitClass) -> Duration? {
        guard let limit = budgets[budget] else { return nil }
        let perToken = Duration.seconds(1) / limit.perSecond
        let now = clock.monotonic
        return fullAgain.withLock { fullAgain in
            let key = Key(budget: budget, subject: subject)
            let after = max(fullAgain[key] ?? now, now) + perToken
            let wait = after - now - perToken * Double(limit.burst)
            guard wait <= .zero else { return wait }
            if fullAgain.count >= Self.maximumBuckets {
                fullAgain = fullAgain.filter { $0.value > now }
                if fullAgain.count >= Self.maximumBuckets { fullAgain = [:] }
            }
            fullAgain[key] = after
            return nil
        }
    }
}
