import ArgumentParser

/// First answers of simplified sliding sync to users in many rooms, then requests that find nothing new.
///
/// What is asked for is what clients of today ask for when they open: the newest rooms, with one event each.
struct SlidingSync: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "First answers of simplified sliding sync, then requests that find nothing new.")

    @OptionGroup var target: Target
    @Option(help: "Users.") var users = 4
    @Option(help: "Rooms; every user is in all of them.") var rooms = 200
    @Option(help: "Rooms in an answer.") var window = 20
    @Option(help: "Events of each room in an answer.") var timelineLimit = 1
    @Option(help: "First answers that are measured, each on a connection of its own.") var connections = 200
    @Option(help: "Requests that find nothing new.") var syncs = 2000

    func run() async throws {
        let server = Server(target)
        let world = try await server.makeWorld(users: users, rooms: rooms, membersPerRoom: users)
        var report = Report("sliding-sync")
        report.add("rooms", rooms)
        let failures =
            try await firstAnswers(server, world, &report) + (try await nothingNew(server, world, &report))
        report.add(failures: failures)
        try finish(report, succeeded: failures.isEmpty)
    }

    private func firstAnswers(_ server: Server, _ world: World, _ report: inout Report) async throws -> [String] {
        let measurement = try Measurement(target.meter())
        let outcome = await server.drive(connections, until: Deadline(seconds: target.maxSeconds)) {
            number, connection, outcome in
            let page = try await connection.slidingSync(
                as: world.users[number % world.users.count], position: nil, request: request(named: "first-\(number)"))
            guard page.rooms == min(window, rooms) else { throw Failure("\(page.rooms) rooms instead of \(window)") }
            outcome.bytes += page.byteCount
        }
        let done = outcome.latencies.count
        report.add("first_answers", done)
        report.add("bytes_per_first", outcome.bytes / max(1, done))
        try measurement.end(&report, operations: max(1, done), called: "first", prefix: "first_")
        report.add("first_ms", outcome.latencies)
        return done == connections ? outcome.failures : outcome.failures + ["\(done) of \(connections) in time"]
    }

    /// Each task follows a connection of its own from answer to answer.
    private func nothingNew(_ server: Server, _ world: World, _ report: inout Report) async throws -> [String] {
        let followers = target.concurrency
        let rounds = max(1, syncs / followers)
        let starts = try await server.collect(followers) { number, connection in
            let user = world.users[number % world.users.count]
            let body = request(named: "idle-\(number)")
            var page = try await connection.slidingSync(as: user, position: nil, request: body)
            // Twice: what the first answer itself causes is behind the second one's position.
            page = try await connection.slidingSync(as: user, position: page.position, request: body)
            return page.position
        }
        let measurement = try Measurement(target.meter())
        let outcome = await server.drive(followers, until: Deadline(seconds: target.maxSeconds)) {
            number, connection, outcome in
            var position = starts[number]
            for _ in 0..<rounds {
                let page = try await connection.slidingSync(
                    as: world.users[number % world.users.count], position: position,
                    request: request(named: "idle-\(number)"))
                position = page.position
                outcome.bytes += page.byteCount
            }
        }
        try measurement.end(&report, operations: followers * rounds, called: "sync")
        return outcome.failures
    }

    private func request(named name: String) -> String {
        """
        {"conn_id": \(quoted(name)), "lists": {"all_rooms": {"ranges": [[0, \(window - 1)]], \
        "timeline_limit": \(timelineLimit), "required_state": [["m.room.name", ""], ["m.room.encryption", ""], \
        ["m.room.member", "$LAZY"], ["m.room.member", "$ME"], ["m.room.topic", ""], ["m.room.avatar", ""], \
        ["m.room.canonical_alias", ""], ["m.room.power_levels", ""], ["m.room.create", ""], \
        ["m.room.join_rules", ""], ["m.room.tombstone", ""], ["m.room.history_visibility", ""]]}}, \
        "extensions": {"to_device": {"enabled": true}, "e2ee": {"enabled": true}, \
        "account_data": {"enabled": true}, "receipts": {"enabled": true}, "typing": {"enabled": true}}}
        """
    }
}
