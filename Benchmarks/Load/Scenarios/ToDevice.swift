import ArgumentParser

/// Messages to devices, each to several, and then the syncs that bring them.
struct ToDevice: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Messages to several devices at a time, and the syncs that bring them.")

    @OptionGroup var target: Target
    @Option(help: "Users, each with one device.") var users = 40
    @Option(help: "Devices that one request sends to.") var recipients = 10
    @Option(help: "Requests that are measured.") var requests = 1000

    func run() async throws {
        let server = Server(target)
        let width = min(recipients, users)
        let people = try await server.makeDevices(users, oneTimeKeys: 0, named: "device")
        let since = try await server.startingPoints(of: people)
        var report = Report("to-device")

        let sending = try Measurement(target.meter())
        let sent = await server.drive(requests, until: Deadline(seconds: target.maxSeconds)) { number, connection, _ in
            let readers = (0..<width).map { people[(number * width + $0) % people.count] }
            try await connection.sendToDevices(
                of: readers, body: "\(number)", transaction: "\(server.run)-\(number)",
                as: people[number % people.count])
        }
        let done = sent.latencies.count
        report.add("requests", done)
        report.add("recipients", width)
        try sending.end(&report, operations: max(1, done), called: "request", prefix: "sending_")
        report.add("sending_ms", sent.latencies)

        let reading = try Measurement(target.meter())
        let deadline = Deadline(seconds: target.maxSeconds)
        let read = await server.drive(people.count, until: deadline) { number, connection, outcome in
            try await connection.readInbox(as: people[number], since: since[number], until: deadline) { messages, _ in
                outcome.bytes += messages.count
            }
        }
        report.add("deliveries", read.bytes)
        try reading.end(&report, operations: max(1, read.bytes), called: "delivery", prefix: "reading_")
        let failures = sent.failures + read.failures
        report.add(failures: failures)
        try finish(report, succeeded: failures.isEmpty && done == requests && read.bytes == done * width)
    }
}
