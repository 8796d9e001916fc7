import ArgumentParser

/// Incremental syncs that find nothing new.
struct IdleSync: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Incremental syncs that find nothing new.")

    @OptionGroup var target: Target
    @Option(help: "Users.") var users = 8
    @Option(help: "Rooms; every user is in all of them.") var rooms = 8
    @Option(help: "Syncs that are measured.") var syncs = 2000

    func run() async throws {
        let server = Server(target)
        let world = try await server.makeWorld(users: users, rooms: rooms, membersPerRoom: users)
        let since = try await server.startingPoints(of: world.users)

        var report = Report("idle-sync")
        let outcome = try await target.measure(syncs, .sync, on: server, into: &report) {
            number, connection, outcome in
            let user = number % since.count
            let answer = try await connection.sync(as: world.users[user], since: since[user], timeoutMilliseconds: 0)
            outcome.bytes += answer.byteCount
        }
        try finish(report, succeeded: outcome.failures.isEmpty && outcome.latencies.count > 0)
    }
}
