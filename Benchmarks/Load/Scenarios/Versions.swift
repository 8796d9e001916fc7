import ArgumentParser

/// Requests for the protocol's versions, which need nothing but an answer: the floor of what any request costs.
struct Versions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Requests that read nothing: what HTTP costs, beside which the other figures are to be seen.")

    @OptionGroup var target: Target
    @Option(help: "Requests that are measured.") var requests = 4000

    func run() async throws {
        let server = Server(target)
        var report = Report("versions")
        let outcome = try await target.measure(requests, .request, on: server, into: &report) {
            _, connection, outcome in
            outcome.bytes += try await connection.versions().byteCount
        }
        try finish(report, succeeded: outcome.failures.isEmpty && outcome.latencies.count > 0)
    }
}
