import ArgumentParser

/// A device that was away reads very many messages, page by page, while others sync as before.
struct Inbox: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A device reads a very full inbox, page by page, while others sync as before.")

    @OptionGroup var target: Target
    @Option(help: "Messages that wait for the device.") var messages = 100_000
    @Option(help: "Users who sync meanwhile.") var others = 8
    @Option(help: "Their syncs, which are measured before and meanwhile.") var syncs = 2000

    func run() async throws {
        let server = Server(target)
        let people = try await server.makeDevices(others + 1, oneTimeKeys: 0, named: "inbox")
        let since = try await server.startingPoints(of: people)
        let (reader, rest) = (people[0], Array(people.dropFirst()))
        var report = Report("inbox")

        let filling = try Measurement(target.meter())
        try await server.prepare(messages) { number, connection in
            try await connection.sendToDevices(
                of: [reader], body: "\(number)", transaction: "\(server.run)-\(number)", as: rest[number % rest.count])
        }
        try filling.end(&report, operations: messages, called: "message", prefix: "filling_")

        let alone = await idle(server, rest, Array(since.dropFirst()))
        report.add("others_alone_ms", alone.latencies)
        async let beside = idle(server, rest, Array(since.dropFirst()))
        let (pages, found) = try await readAll(server, as: reader, since: since[0])
        let meanwhile = await beside
        report.add("pages", pages.count)
        report.add("page_ms", pages)
        report.add("others_meanwhile_ms", meanwhile.latencies)
        var failures = alone.failures + meanwhile.failures
        if found.count != messages || Set(found).count != messages {
            failures.append("\(found.count) messages came, \(Set(found).count) different ones of \(messages)")
        }
        report.add(failures: failures)
        try finish(report, succeeded: failures.isEmpty)
    }

    private func idle(_ server: Server, _ users: [MatrixUser], _ since: [String]) async -> Outcome {
        await server.drive(syncs, until: Deadline(seconds: target.maxSeconds)) { number, connection, _ in
            let user = number % users.count
            _ = try await connection.sync(as: users[user], since: since[user], timeoutMilliseconds: 0)
        }
    }

    private func readAll(
        _ server: Server, as reader: MatrixUser, since: String
    ) async throws -> (Latencies, [String]) {
        let connection = server.connection(0)
        var pages = Latencies()
        var found: [String] = []
        try await connection.readInbox(
            as: reader, since: since, until: Deadline(seconds: target.maxSeconds)
        ) { messages, nanoseconds in
            pages.add(nanoseconds)
            found += messages
        }
        await connection.http.close()
        return (pages, found)
    }
}
