/// Writes metrics in Prometheus's text format.
struct PrometheusText {
    private(set) var text = ""

    mutating func header(_ name: String, _ help: String, type: String) {
        text += "# HELP \(name) \(Self.escape(help, quote: false))\n# TYPE \(name) \(type)\n"
    }

    mutating func sample(_ name: String, _ labels: [(name: String, value: String)], _ value: String) {
        text += name
        if !labels.isEmpty {
            text += "{"
            text += labels.map { "\($0.name)=\"\(Self.escape($0.value, quote: true))\"" }.joined(separator: ",")
            text += "}"
        }
        text += " \(value)\n"
    }

    /// A histogram that counted nothing yet is left out: most combinations of labels never occur.
    mutating func histogram(_ name: String, _ labels: [(name: String, value: String)], _ histogram: Histogram) {
        let counts = histogram.cumulativeCounts
        guard let total = counts.last, total > 0 else { return }
        for (bound, count) in zip(histogram.bounds.map { Self.seconds($0) } + ["+Inf"], counts) {
            sample(name + "_bucket", labels + [("le", bound)], String(count))
        }
        sample(name + "_sum", labels, Self.seconds(histogram.sum))
        sample(name + "_count", labels, String(total))
    }

    private static func seconds(_ duration: Duration) -> String {
        "\(Double(duration.wholeMicroseconds) / 1_000_000)"
    }

    private static func escape(_ text: String, quote: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quote: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
