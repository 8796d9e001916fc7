import ArgumentParser

/// Incremental syncs of users in many rooms, of which one has one new event.
struct BusySync: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Incremental syncs of users in many rooms, of which one has one new event.")

    @OptionGroup var target: Target
    @Option(help: "Users.") var users = 4
    @Option(help: "Rooms; every user is in all of them.") var rooms = 200
    @Option(help: "Syncs that are measured.") var syncs = 2000

    /// The answer is there at once, so a timeout says nothing; that it differs keeps a server from giving an old answer again.
    private static let leastTimeoutMilliseconds = 1000

    func run() async throws {
        let server = Server(target)
        let world = try await server.makeWorld(users: users, rooms: rooms, membersPerRoom: users)
        let since = try await server.startingPoints(of: world.users)
        let connection = server.connection(0)
        _ = try await connection.send(
            "The one event of \(server.run).", to: world.rooms[0], transaction: server.run, as: world.users[0])
        await connection.http.close()

        var report = Report("busy-sync")
        report.add("rooms", rooms)
        let outcome = try await target.measure(syncs, .sync, on: server, into: &report) {
            number, connection, outcome in
            let user = number % since.count
            let answer = try await connection.sync(
                as: world.users[user], since: since[user], timeoutMilliseconds: Self.leastTimeoutMilliseconds + number)
            guard try SyncPage(answer.bytes).events.count == 1 else {
                throw Failure("not the one event: \(answer.text)")
            }
            outcome.bytes += answer.byteCount
        }
        try finish(report, succeeded: outcome.failures.isEmpty && outcome.latencies.count > 0)
    }
}
