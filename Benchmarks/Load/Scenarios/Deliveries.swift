/// What arrived at a listening member, or at all of them.
struct Deliveries: Sendable {
    let run: String
    let expected: Int
    private(set) var latencies = Latencies()
    private(set) var distinct = 0
    private(set) var doubled = 0

    private static let pollMilliseconds = 10_000
    /// After the last event, so that a second copy of it would still be seen.
    private static let lingerMilliseconds = 300

    init(run: String, expected: Int) {
        self.run = run
        self.expected = expected
    }

    mutating func add(_ other: Deliveries) {
        latencies.add(other.latencies)
        distinct += other.distinct
        doubled += other.doubled
    }

    /// Polls until every message has come, or time is up.
    func listen(
        _ connection: MatrixConnection, as user: MatrixUser, since: String, until deadline: Deadline
    ) async throws -> Deliveries {
        var mine = self
        var token = since
        var seen: Set<Int> = []
        var lingered = false
        while !deadline.isOver, !lingered {
            lingered = seen.count == expected
            let answer = try await connection.sync(
                as: user, since: token,
                timeoutMilliseconds: lingered ? Self.lingerMilliseconds : Self.pollMilliseconds)
            let arrival = monotonicNanoseconds()
            let page = try SyncPage(answer.bytes)
            token = page.nextBatch
            for event in page.events { mine.take(event, at: arrival, seen: &seen) }
        }
        await connection.http.close()
        return mine
    }

    private mutating func take(_ event: TimelineEvent, at arrival: Int64, seen: inout Set<Int>) {
        let words = (event.body ?? "").split(separator: " ")
        guard words.count == 4, words[0] == "fanout", words[1] == run, let number = Int(words[2]),
            let start = Int64(words[3])
        else { return }
        latencies.add(arrival - start)
        if seen.insert(number).inserted { distinct += 1 } else { doubled += 1 }
    }
}
