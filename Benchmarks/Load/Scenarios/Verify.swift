import ArgumentParser

/// Reads the whole history of every room in a record, and looks for each acknowledged event exactly once.
struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks that every event of a --record file is readable exactly once.")

    @OptionGroup var target: Target
    @Option(help: "Events a page.") var pageSize = 100

    /// More pages than any run of this program fills.
    private static let maximumPages = 100_000

    func run() async throws {
        guard let path = target.record else { throw ValidationError("verify reads a --record file") }
        let server = Server(target)
        let rooms = Dictionary(grouping: try Record(path: path).read(), by: \.roomID).map(\.value)
        let deadline = Deadline(seconds: target.maxSeconds)
        let size = pageSize

        var report = Report("verify")
        let measurement = try Measurement(target.meter())
        let outcome = await server.drive(rooms.count, until: deadline) { number, connection, outcome in
            let counts = try await Self.history(of: rooms[number], pageSize: size, connection, until: deadline)
            for event in rooms[number] {
                switch counts[event.eventID, default: 0] {
                case 0: outcome.failures.append("missing: \(event.eventID) in \(event.roomID)")
                case 1: outcome.acknowledged.append(event)
                case let times: outcome.failures.append("\(times) times: \(event.eventID) in \(event.roomID)")
                }
            }
            let doubled = counts.filter { $0.value > 1 }.count
            if doubled > 0 {
                outcome.failures.append("\(doubled) events come more than once in \(rooms[number][0].roomID)")
            }
            outcome.bytes += counts.count
        }
        report.add("rooms", outcome.latencies.count)
        report.add("events_read", outcome.bytes)
        report.add("verified", outcome.acknowledged.count)
        try measurement.end(&report, operations: max(1, outcome.bytes), called: "event")
        report.add(failures: outcome.failures)
        try finish(report, succeeded: outcome.failures.isEmpty && outcome.latencies.count == rooms.count)
    }

    /// How often each event of a room comes, when one pages from its end to its beginning.
    private static func history(
        of events: [Acknowledged], pageSize: Int, _ connection: MatrixConnection, until deadline: Deadline
    ) async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        var from: String?
        for _ in 0..<maximumPages {
            guard !deadline.isOver else { throw Failure("time is up") }
            let page = try await connection.messages(
                in: events[0].roomID, from: from, limit: pageSize, token: events[0].token)
            for event in page.events { counts[event.eventID, default: 0] += 1 }
            guard let end = page.end, end != from else { return counts }
            from = end
        }
        throw Failure("the history of \(events[0].roomID) does not end")
    }
}
