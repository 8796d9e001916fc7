import Telemetry

/// Counts requests by operation and outcome.
struct RequestMetrics: Sendable {
    private static let statusClasses = ["2xx", "3xx", "4xx", "5xx"]

    private let unmatched: Int
    private let operationIndices: [Int]
    private let requests: MetricFamily<Counter>
    private let durations: MetricFamily<Histogram>
    private let running: Gauge

    /// - Parameter operations: by index of the endpoint; a name may come several times.
    init(_ registry: MetricsRegistry, operations: [String]) {
        let names = Set(operations).sorted() + ["none"]
        let label = MetricLabel("operation", names)
        unmatched = names.count - 1
        operationIndices = operations.map { name in names.firstIndex(of: name) ?? names.count - 1 }
        requests = registry.counters(
            "apus_http_requests_total", help: "Requests answered, by operation and class of status",
            labels: [label, MetricLabel("status", Self.statusClasses)])
        durations = registry.histograms(
            "apus_http_request_duration_seconds", help: "Time from a request's head to its answer", labels: [label])
        running = registry.gauge("apus_http_requests_running", help: "Requests that are being worked on")
    }

    func requestBegan() { running.add(1) }

    /// - Parameter operation: the endpoint's index; nil when the path was none of ours.
    func requestEnded(_ operation: Int?, status: Int, after duration: Duration) {
        running.add(-1)
        let index = operation.map { operationIndices[$0] } ?? unmatched
        requests[index, min(max(status / 100 - 2, 0), Self.statusClasses.count - 1)].increment()
        durations[index].observe(duration)
    }
}
