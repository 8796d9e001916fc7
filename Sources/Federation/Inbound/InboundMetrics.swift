import Telemetry

/// What operators can see of the transactions of other servers.
struct InboundMetrics: Sendable {
    enum TransactionOutcome: String, CaseIterable {
        case answered, repeated, refused
    }

    enum PDUOutcome: String, CaseIterable {
        case written, known, rejected
        case softFailed = "soft_failed"
        /// It waits for what it builds on.
        case staged
        /// The sender was told that we do not take it.
        case refused
    }

    /// What becomes of events that had to wait.
    enum StagedOutcome: String, CaseIterable {
        case placed, postponed
        case givenUp = "given_up"
    }

    enum EDUKind: String, CaseIterable {
        case typing, receipt, presence, other
        case toDevice = "to_device"
        case deviceList = "device_list"
        /// Malformed, or of somebody for whom the sender does not speak.
        case ignored
    }

    private let transactions: MetricFamily<Counter>
    private let pdus: MetricFamily<Counter>
    private let staged: MetricFamily<Counter>
    private let edus: MetricFamily<Counter>

    init(_ registry: MetricsRegistry) {
        transactions = registry.counters(
            "apus_inbound_transactions_total", help: "Transactions of other servers",
            labels: [MetricLabel("outcome", TransactionOutcome.self)])
        pdus = registry.counters(
            "apus_inbound_pdus_total", help: "Events in transactions of other servers",
            labels: [MetricLabel("outcome", PDUOutcome.self)])
        staged = registry.counters(
            "apus_inbound_staged_events_total", help: "Attempts to place events that had to wait",
            labels: [MetricLabel("outcome", StagedOutcome.self)])
        edus = registry.counters(
            "apus_inbound_edus_total", help: "Messages besides events in transactions of other servers",
            labels: [MetricLabel("kind", EDUKind.self)])
    }

    func count(transaction outcome: TransactionOutcome) { transactions[values: [outcome.rawValue]]?.increment() }

    func count(_ outcome: PDUOutcome, _ count: Int = 1) {
        pdus[values: [outcome.rawValue]]?.increment(by: UInt64(count))
    }

    func count(_ outcome: StagedOutcome, _ count: Int = 1) {
        staged[values: [outcome.rawValue]]?.increment(by: UInt64(count))
    }

    func count(_ kind: EDUKind, _ count: Int = 1) {
        edus[values: [kind.rawValue]]?.increment(by: UInt64(max(count, 0)))
    }
}
