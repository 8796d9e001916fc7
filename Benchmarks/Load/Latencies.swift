/// Durations of operations, kept whole: runs are bounded, so an exact percentile costs little.
struct Latencies: Sendable {
    private var nanoseconds: [Int64] = []

    var count: Int { nanoseconds.count }

    mutating func add(_ duration: Int64) {
        nanoseconds.append(duration)
    }

    mutating func add(_ other: Latencies) {
        nanoseconds += other.nanoseconds
    }

    /// `{"p50": ..., "p95": ..., "p99": ..., "max": ...}` in milliseconds, by nearest rank.
    var summary: String {
        let sorted = nanoseconds.sorted()
        func rank(_ share: Double) -> String {
            guard !sorted.isEmpty else { return "null" }
            let place = Int((share * Double(sorted.count)).rounded(.up))
            return decimal(Double(sorted[max(0, min(sorted.count, place) - 1)]) / 1e6)
        }
        return "{\"p50\": \(rank(0.5)), \"p95\": \(rank(0.95)), \"p99\": \(rank(0.99)), \"max\": \(rank(1))}"
    }
}

/// Three places after the point: more than any of these figures is worth.
func decimal(_ value: Double) -> String {
    guard value.isFinite else { return "null" }
    let thousandths = Int64((value * 1000).rounded())
    let sign = thousandths < 0 ? "-" : ""
    let fraction = String(thousandths.magnitude % 1000)
    return "\(sign)\(thousandths.magnitude / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
}
