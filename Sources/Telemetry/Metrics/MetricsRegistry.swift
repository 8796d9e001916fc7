import Synchronization

/// All metrics of one process, and their text for Prometheus.
///
/// A metric is made once, at the start, and kept by who counts with it: counting never looks anything up. Making one
/// under a name that exists gives the existing one, so that two pools can share a metric; a name has one kind and one
/// set of labels.
package final class MetricsRegistry: Sendable {
    private enum Kind: Sendable {
        case counter(MetricFamily<Counter>)
        case gauge(MetricFamily<Gauge>)
        case read(@Sendable () -> Double)
        case histogram(MetricFamily<Histogram>)
    }

    private struct Entry: Sendable {
        let help: String
        let kind: Kind
    }

    private let entries = Mutex<[String: Entry]>([:])

    package init() {}

    /// A counter without labels. By convention its name ends in `_total`.
    package func counter(_ name: String, help: String) -> Counter { counters(name, help: help, labels: [])[] }

    package func counters(_ name: String, help: String, labels: [MetricLabel]) -> MetricFamily<Counter> {
        family(name, help, labels, make: { Counter() }, wrap: { .counter($0) }) { kind in
            if case .counter(let family) = kind { family } else { nil }
        }
    }

    /// A gauge without labels.
    package func gauge(_ name: String, help: String) -> Gauge { gauges(name, help: help, labels: [])[] }

    package func gauges(_ name: String, help: String, labels: [MetricLabel]) -> MetricFamily<Gauge> {
        family(name, help, labels, make: { Gauge() }, wrap: { .gauge($0) }) { kind in
            if case .gauge(let family) = kind { family } else { nil }
        }
    }

    /// A gauge that is read when Prometheus asks, for what is cheaper to ask than to follow.
    package func gauge(_ name: String, help: String, read: @escaping @Sendable () -> Double) {
        entries.withLock { $0[name] = Entry(help: help, kind: .read(read)) }
    }

    /// A histogram of durations without labels. By convention its name ends in `_seconds`.
    package func histogram(_ name: String, help: String, bounds: [Duration] = Histogram.latencyBounds) -> Histogram {
        histograms(name, help: help, labels: [], bounds: bounds)[]
    }

    package func histograms(
        _ name: String, help: String, labels: [MetricLabel], bounds: [Duration] = Histogram.latencyBounds
    ) -> MetricFamily<Histogram> {
        family(name, help, labels, make: { Histogram(bounds: bounds) }, wrap: { .histogram($0) }) { kind in
            if case .histogram(let family) = kind { family } else { nil }
        }
    }

    private func family<Metric: Sendable>(
        _ name: String, _ help: String, _ labels: [MetricLabel], make: () -> Metric,
        wrap: (MetricFamily<Metric>) -> Kind, existing: (Kind) -> MetricFamily<Metric>?
    ) -> MetricFamily<Metric> {
        entries.withLock { entries in
            if let entry = entries[name] {
                let family = existing(entry.kind)
                precondition(
                    family?.labels.map(\.values) == labels.map(\.values),
                    "metric \(name) is already there with another kind or other labels")
                if let family { return family }
            }
            let family = MetricFamily<Metric>(labels: labels, make: make)
            entries[name] = Entry(help: help, kind: wrap(family))
            return family
        }
    }

    /// Everything in Prometheus's text format, version 0.0.4.
    ///
    /// Spec: https://prometheus.io/docs/instrumenting/exposition_formats/
    package func prometheusText() -> String {
        let sorted = entries.withLock { $0 }.sorted { $0.key < $1.key }
        var text = PrometheusText()
        for (name, entry) in sorted {
            switch entry.kind {
            case .counter(let family):
                text.header(name, entry.help, type: "counter")
                family.forEach { text.sample(name, $0, String($1.value)) }
            case .gauge(let family):
                text.header(name, entry.help, type: "gauge")
                family.forEach { text.sample(name, $0, String($1.value)) }
            case .read(let read):
                text.header(name, entry.help, type: "gauge")
                text.sample(name, [], "\(read())")
            case .histogram(let family):
                text.header(name, entry.help, type: "histogram")
                family.forEach { text.histogram(name, $0, $1) }
            }
        }
        return text.text
    }
}
