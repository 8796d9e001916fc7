/// What the operations of a scenario are called in its report.
struct OperationName {
    let one: String
    let many: String

    static let sync = OperationName(one: "sync", many: "syncs")
    static let claim = OperationName(one: "claim", many: "claims")
    static let request = OperationName(one: "request", many: "requests")
    static let query = OperationName(one: "query", many: "queries")
}

extension Target {
    /// Carries out operations of one kind, and adds to the report what is told of each such scenario.
    func measure(
        _ count: Int, _ name: OperationName, on server: Server, into report: inout Report,
        _ operation: @escaping @Sendable (_ number: Int, MatrixConnection, inout Outcome) async throws -> Void
    ) async throws -> Outcome {
        let measurement = try Measurement(meter())
        let outcome = await server.drive(count, until: Deadline(seconds: maxSeconds), operation)
        let done = outcome.latencies.count
        report.add(name.many, done)
        if outcome.bytes > 0 { report.add("bytes_per_\(name.one)", outcome.bytes / max(1, done)) }
        try measurement.end(&report, operations: max(1, done), called: name.one)
        report.add("latency_ms", outcome.latencies)
        report.add(failures: outcome.failures)
        return outcome
    }
}
