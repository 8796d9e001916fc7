import Telemetry

/// What an operator can watch of the sending.
struct SenderMetrics: Sendable {
    private enum Outcome: Int, CaseIterable { case delivered, failed }

    private let transactions: MetricFamily<Counter>
    private let events: Counter
    private let messages: Counter
    private let underWay: Gauge
    private let duration: Histogram
    /// Destinations that cannot be reached, of the slots of this worker.
    let failing: Gauge

    init(_ registry: MetricsRegistry) {
        transactions = registry.counters(
            "federation_sent_transactions_total", help: "Transactions to other servers",
            labels: [MetricLabel("outcome", Outcome.allCases.map { "\($0)" })])
        events = registry.counter("federation_sent_events_total", help: "Events that other servers took")
        messages = registry.counter(
            "federation_sent_edus_total", help: "Messages besides events that other servers took")
        underWay = registry.gauge("federation_transactions_under_way", help: "Transactions to other servers under way")
        duration = registry.histogram(
            "federation_transaction_seconds", help: "Time that other servers took for a transaction")
        failing = registry.gauge("federation_destinations_failing", help: "Servers that cannot be reached")
    }

    func begin() { underWay.add(1) }

    func end(after time: Duration, events: Int, messages: Int, isDelivered: Bool) {
        underWay.add(-1)
        transactions[(isDelivered ? Outcome.delivered : .failed).rawValue].increment()
        duration.observe(time)
        guard isDelivered else { return }
        self.events.increment(by: UInt64(events))
        self.messages.increment(by: UInt64(messages))
    }
}
