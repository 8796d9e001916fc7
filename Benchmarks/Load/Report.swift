/// The figures of one scenario: one line of JSON.
struct Report {
    private var fields: [String]

    init(_ scenario: String) {
        fields = ["\"scenario\": \(quoted(scenario))"]
    }

    mutating func add(_ name: String, _ value: Int) {
        fields.append("\(quoted(name)): \(value)")
    }

    mutating func add(_ name: String, _ value: Double) {
        fields.append("\(quoted(name)): \(decimal(value))")
    }

    mutating func add(_ name: String, _ latencies: Latencies) {
        fields.append("\(quoted(name)): \(latencies.summary)")
    }

    mutating func add(_ name: String, _ text: String) {
        fields.append("\(quoted(name)): \(quoted(text))")
    }

    /// Failures are counted, and the first is told.
    mutating func add(failures: [String]) {
        add("failed", failures.count)
        if let first = failures.first { add("first_failure", first) }
    }

    var line: String { "{" + fields.joined(separator: ", ") + "}" }
}
