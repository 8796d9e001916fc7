import ArgumentParser

/// First syncs of users who are in many rooms. Each sync is another user's: servers keep answers for a while.
struct InitialSync: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "First syncs of users who are in many rooms.")

    @OptionGroup var target: Target
    @Option(help: "Users, each of whom syncs once.") var users = 5
    @Option(help: "Rooms; every user is in all of them.") var rooms = 50
    @Option(help: "Messages in each room.") var messagesPerRoom = 15
    @Flag(help: "Ask only for the members who said something.") var lazy = false

    func run() async throws {
        let server = Server(target)
        let world = try await server.makeWorld(users: users, rooms: rooms, membersPerRoom: users)
        try await server.prepare(rooms * messagesPerRoom) { number, connection in
            let room = number % world.rooms.count
            _ = try await connection.send(
                "Message \(number) of \(server.run), of some length.", to: world.rooms[room],
                transaction: "\(server.run)-\(number)", as: world.member(number / world.rooms.count, ofRoom: room))
        }

        let filter = lazy ? "{\"room\": {\"state\": {\"lazy_load_members\": true}}}" : nil
        var report = Report("initial-sync")
        report.add("rooms", rooms)
        let outcome = try await target.measure(users, .sync, on: server, into: &report) {
            number, connection, outcome in
            let answer = try await connection.sync(
                as: world.users[number], since: nil, timeoutMilliseconds: 0, filter: filter)
            outcome.bytes += answer.byteCount
        }
        try finish(report, succeeded: outcome.failures.isEmpty && outcome.latencies.count == users)
    }
}
