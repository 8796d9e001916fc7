/// A label with all the values that it can ever have.
///
/// Closed sets keep the number of series bounded whatever comes over the network: an id can not become a label.
package struct MetricLabel: Sendable {
    package let name: String
    package let values: [String]

    package init(_ name: String, _ values: [String]) {
        self.name = name
        self.values = values
    }

    /// A label whose values are the cases of an enum.
    package init<Value: CaseIterable & RawRepresentable<String>>(_ name: String, _ type: Value.Type) {
        self.init(name, Value.allCases.map(\.rawValue))
    }
}

/// One metric for each combination of the values of its labels.
package struct MetricFamily<Metric: Sendable>: Sendable {
    package let labels: [MetricLabel]
    private let metrics: [Metric]

    init(labels: [MetricLabel], make: () -> Metric) {
        self.labels = labels
        metrics = (0..<labels.reduce(1) { $0 * $1.values.count }).map { _ in make() }
    }

    /// The metric for the values at these indices, one index a label in the order of the labels.
    ///
    /// An index outside of its label's values means the last value, so that a family can keep one for "other".
    package subscript(_ indices: Int...) -> Metric {
        var position = 0
        for (label, index) in zip(labels, indices) {
            position = position * label.values.count + min(max(index, 0), label.values.count - 1)
        }
        return metrics[position]
    }

    /// The metric for these values; nil when one of them is not in its label's set.
    package subscript(values values: [String]) -> Metric? {
        guard values.count == labels.count else { return nil }
        var position = 0
        for (label, value) in zip(labels, values) {
            guard let index = label.values.firstIndex(of: value) else { return nil }
            position = position * label.values.count + index
        }
        return metrics[position]
    }

    /// Calls `body` with each metric and its label pairs.
    func forEach(_ body: (_ pairs: [(name: String, value: String)], _ metric: Metric) -> Void) {
        for position in metrics.indices {
            var rest = position
            var pairs: [(name: String, value: String)] = []
            for label in labels.reversed() {
                pairs.append((label.name, label.values[rest % label.values.count]))
                rest /= label.values.count
            }
            body(pairs.reversed(), metrics[position])
        }
    }
}
