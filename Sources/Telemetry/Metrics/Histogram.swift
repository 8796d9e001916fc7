/// How often a duration fell below each of a few bounds.
///
/// Cost: two atomic additions and a short search an observation.
package final class Histogram: Sendable {
    /// Upper bounds, ascending; what is above the last falls into a last bucket of its own.
    package let bounds: [Duration]
    private let boundsMicroseconds: [Int64]
    private let buckets: [Counter]
    private let sumMicroseconds = Counter()

    /// From a tenth of a millisecond (an answer from memory) to 30 seconds (a long poll).
    package static let latencyBounds: [Duration] = [
        .microseconds(100), .microseconds(250), .microseconds(500), .milliseconds(1), .milliseconds(2),
        .milliseconds(5),
        .milliseconds(10), .milliseconds(25), .milliseconds(50), .milliseconds(100), .milliseconds(250),
        .milliseconds(500), .seconds(1), .seconds(5), .seconds(30),
    ]

    init(bounds: [Duration]) {
        self.bounds = bounds.sorted()
        boundsMicroseconds = self.bounds.map(\.wholeMicroseconds)
        buckets = (0...bounds.count).map { _ in Counter() }
    }

    package func observe(_ duration: Duration) {
        let microseconds = max(0, duration.wholeMicroseconds)
        let index = boundsMicroseconds.firstIndex { microseconds <= $0 } ?? boundsMicroseconds.count
        buckets[index].increment()
        sumMicroseconds.increment(by: UInt64(microseconds))
    }

    /// How many observations there were.
    package var count: UInt64 { buckets.reduce(0) { $0 + $1.value } }

    /// The sum of all observations.
    package var sum: Duration { .microseconds(Int64(clamping: sumMicroseconds.value)) }

    /// Counts of observations at or below each bound, the last being all of them.
    var cumulativeCounts: [UInt64] {
        var total: UInt64 = 0
        return buckets.map {
            total += $0.value
            return total
        }
    }
}
