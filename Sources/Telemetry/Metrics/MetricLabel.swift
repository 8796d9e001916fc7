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

    /// - Parameter metric: the metric for these values of the labels.
    init(labels: [MetricLabel], metric: (_ values: [String]) -> Metric) {
        self.labels = labels
        metrics = (0..<labels.reduce(1) { $0 * $1.values.count }).map { position in
            var rest = position
            var values: [String] = []
            for label in labels.reversed() {
                values.append(label.values[rest % label.values.count])
                rest /= label.values.count
            }
            return metric(values.reversed())
        }
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
}

/// All metrics of one name, by the values of their labels, in the order in which they were made.
struct MetricSeries<Metric: Sendable>: Sendable {
    let labelNames: [String]
    private var metrics: [[String]: Metric] = [:]
    private var order: [[String]] = []

    init(labelNames: [String]) { self.labelNames = labelNames }

    mutating func metric(_ values: [String], make: () -> Metric) -> Metric {
        if let metric = metrics[values] { return metric }
        let metric = make()
        metrics[values] = metric
        order.append(values)
        return metric
    }

    /// Calls `body` with each metric and its label pairs.
    func forEach(_ body: (_ pairs: [(name: String, value: String)], _ metric: Metric) -> Void) {
        for values in order {
            if let metric = metrics[values] { body(zip(labelNames, values).map { (name: $0, value: $1) }, metric) }
        }
    }
}
