import Synchronization

/// All metrics of one process, and their text for Prometheus.
///
/// A metric is made once, at the start, and kept by who counts with it: counting never looks anything up. Families of one
/// name share what they have in common, so that two pools or two listeners count together, each with its own values of a
/// label; a name has one kind and one list of labels.
package final class MetricsRegistry: Sendable {
    private enum Kind: Sendable {
        case counter(MetricSeries<Counter>)
        case gauge(MetricSeries<Gauge>)
        case read(@Sendable () -> Double)
        case histogram(MetricSeries<Histogram>)
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
            if case .counter(let series) = kind { series } else { nil }
        }
    }

    /// A gauge without labels.
    package func gauge(_ name: String, help: String) -> Gauge { gauges(name, help: help, labels: [])[] }

    package func gauges(_ name: String, help: String, labels: [MetricLabel]) -> MetricFamily<Gauge> {
        family(name, help, labels, make: { Gauge() }, wrap: { .gauge($0) }) { kind in
            if case .gauge(let series) = kind { series } else { nil }
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
            if case .histogram(let series) = kind { series } else { nil }
        }
    }

    private func family<Metric: Sendable>(
        _ name: String, _ help: String, _ labels: [MetricLabel], make: () -> Metric,
        wrap: (MetricSeries<Metric>) -> Kind, existing: (Kind) -> MetricSeries<Metric>?
    ) -> MetricFamily<Metric> {
        entries.withLock { entries in
            let known = entries[name].map { existing($0.kind) }
            var series = known.flatMap { $0 } ?? MetricSeries(labelNames: labels.map(\.name))
            precondition(
                (known == nil || known.flatMap { $0 } != nil) && series.labelNames == labels.map(\.name),
                "metric \(name) is already there with another kind or other labels")
            let family = MetricFamily(labels: labels) { values in series.metric(values, make: make) }
            entries[name] = Entry(help: entries[name]?.help ?? help, kind: wrap(series))
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
            case .counter(let series):
                text.header(name, entry.help, type: "counter")
                series.forEach { text.sample(name, $0, String($1.value)) }
            case .gauge(let series):
                text.header(name, entry.help, type: "gauge")
                series.forEach { text.sample(name, $0, String($1.value)) }
            case .read(let read):
                text.header(name, entry.help, type: "gauge")
                text.sample(name, [], "\(read())")
            case .histogram(let series):
                text.header(name, entry.help, type: "histogram")
                series.forEach { text.histogram(name, $0, $1) }
            }
        }
        return text.text
    }
}
