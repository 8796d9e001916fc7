import MatrixCore

/// What one scenario found: a line of JSON.
struct Figures {
    private var writer = JSONWriter()
    /// Counts that are above what is committed.
    private(set) var failures: [String] = []

    init(_ scenario: String) {
        writer.beginObject()
        writer.field("scenario", scenario)
    }

    /// A time or a ratio: reported, never judged.
    mutating func report(_ name: String, _ value: Double) {
        let isSmall = value.magnitude < 1_000
        writer.field(name, isSmall ? (value * 1_000).rounded() / 1_000 : value.rounded())
    }

    mutating func report(_ name: String, _ value: Int) { writer.field(name, value) }

    /// A count, which is the same on every machine, and the most that it may be.
    mutating func judge(_ name: String, _ value: Int, atMost limit: Int) {
        writer.field(name, value)
        if value > limit { failures.append("\(name) is \(value), more than \(limit)") }
    }

    func finished() -> String {
        var writer = writer
        writer.field("failures", strings: failures)
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
