import ArgumentParser

/// Questions for the device keys of several users at a time.
struct KeyQueries: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Questions for the device keys of several users.")

    @OptionGroup var target: Target
    @Option(help: "Users who have a device.") var users = 100
    @Option(help: "Users who are asked for in one request.") var usersPerQuery = 10
    @Option(help: "Requests that are measured.") var queries = 2000

    func run() async throws {
        let server = Server(target)
        let devices = try await server.makeDevices(users, oneTimeKeys: 0, named: "user")
        let width = min(usersPerQuery, users)

        var report = Report("key-queries")
        report.add("users_per_query", width)
        let outcome = try await target.measure(queries, .query, on: server, into: &report) {
            number, connection, outcome in
            let wanted = (0..<width).map { devices[(number * width + $0) % devices.count] }
            let answer = try await connection.queryKeys(of: wanted, as: devices[number % devices.count])
            guard answer.devices == width else { throw Failure("\(answer.devices) devices instead of \(width)") }
            outcome.bytes += answer.byteCount
        }
        try finish(report, succeeded: outcome.failures.isEmpty && outcome.latencies.count == queries)
    }
}
