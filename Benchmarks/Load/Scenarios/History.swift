import ArgumentParser

/// Pages of a long room's history: at its end, where everybody reads, and at its beginning.
struct History: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Pages of a long room's history, at its end and at its beginning: both should cost the same.")

    @OptionGroup var target: Target
    @Option(help: "Users, who fill the room.") var users = 16
    @Option(help: "Messages in the room.") var messages = 20_000
    @Option(help: "Events a page.") var pageSize = 50
    @Option(help: "Pages that are measured at each depth.") var pages = 1_000

    /// Of the history, at either end.
    private static let share = 10

    func run() async throws {
        let server = Server(target)
        let world = try await server.makeWorld(users: users, rooms: 1, membersPerRoom: users)
        try await server.prepare(messages) { number, connection in
            _ = try await connection.send(
                "Message \(number) of \(server.run), of some length.", to: world.rooms[0],
                transaction: "\(server.run)-\(number)", as: world.member(number, ofRoom: 0))
        }
        let places = try await places(server, world)
        let some = max(1, places.count / Self.share)
        var report = Report("history")
        report.add("messages", messages)
        report.add("pages_in_all", places.count)
        var failures: [String] = []
        // The first time brings events into memory, which is the same at any depth and is not what is asked here.
        for (name, wanted) in [("newest", places.prefix(some)), ("oldest", places.suffix(some))] {
            for isMeasured in [false, true] {
                failures += try await read(
                    Array(wanted), isMeasured ? pages : wanted.count, server, world,
                    into: &report, called: isMeasured ? name : nil)
            }
        }
        report.add(failures: failures)
        try finish(report, succeeded: failures.isEmpty)
    }

    /// Where each page begins, the newest first.
    private func places(_ server: Server, _ world: World) async throws -> [String] {
        let connection = server.connection(0)
        var places: [String] = []
        var from: String?
        repeat {
            let page = try await connection.messages(
                in: world.rooms[0], from: from, limit: pageSize, token: world.users[0].token)
            guard let end = page.end, end != from else { break }
            places.append(end)
            from = end
        } while places.count * pageSize < messages
        await connection.http.close()
        guard !places.isEmpty else { throw Failure("the room has one page only") }
        return places
    }

    private func read(
        _ places: [String], _ count: Int, _ server: Server, _ world: World, into report: inout Report,
        called name: String?
    ) async throws -> [String] {
        let measurement = try Measurement(target.meter())
        let size = pageSize
        let outcome = await server.drive(count, until: Deadline(seconds: target.maxSeconds)) {
            number, connection, outcome in
            let page = try await connection.messages(
                in: world.rooms[0], from: places[number % places.count], limit: size,
                token: world.users[number % world.users.count].token)
            outcome.bytes += page.events.count
        }
        if let name {
            try measurement.end(&report, operations: max(1, count), called: "\(name)_page", prefix: "\(name)_")
            report.add("\(name)_ms", outcome.latencies)
        }
        return outcome.failures
    }
}
