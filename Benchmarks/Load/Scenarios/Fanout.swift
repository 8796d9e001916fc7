import ArgumentParser

/// One user sends in a room whose other members wait in long polls: how long until each of them has the event, and
/// whether each gets each event exactly once.
struct Fanout: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Latency from sending to the long polls of a room's members, each event exactly once.")

    @OptionGroup var target: Target
    @Option(help: "Members that wait for events.") var members = 50
    @Option(help: "Messages that are sent.") var messages = 50
    @Option(help: "Time from one message to the next, in milliseconds.") var intervalMilliseconds = 200

    private static let settleSeconds = 2

    func run() async throws {
        let server = Server(target)
        let world = try await server.makeWorld(users: members + 1, rooms: 1, membersPerRoom: members + 1)
        let deadline = Deadline(seconds: target.maxSeconds)
        let expected = messages
        let listeners = try await server.startingPoints(of: Array(world.users.dropFirst()))
        var report = Report("fanout")

        let (outcome, deliveries) = try await withThrowingTaskGroup(of: Deliveries.self) { tasks in
            for (number, since) in listeners.enumerated() {
                let user = world.users[number + 1]
                tasks.addTask {
                    let connection = server.connection(number)
                    return try await Deliveries(run: server.run, expected: expected)
                        .listen(connection, as: user, since: since, until: deadline)
                }
            }
            // Everybody shall wait before anything is sent, so that the figures are of waking, not of arriving.
            try await Task.sleep(for: .seconds(Self.settleSeconds))
            let measurement = try Measurement(target.meter())
            let sent = await send(server, world, until: deadline)
            var all = Deliveries(run: server.run, expected: expected)
            for try await one in tasks { all.add(one) }
            report.add("members", members)
            report.add("messages", sent.acknowledged.count)
            report.add("deliveries", all.latencies.count)
            try measurement.end(&report, operations: max(1, all.latencies.count), called: "delivery")
            return (sent, all)
        }

        report.add("delivery_ms", deliveries.latencies)
        report.add("send_ms", outcome.latencies)
        report.add("missing", outcome.acknowledged.count * members - deliveries.distinct)
        report.add("doubled", deliveries.doubled)
        report.add(failures: outcome.failures)
        if let path = target.record { try Record(path: path).append(outcome.acknowledged) }
        let whole = deliveries.distinct == messages * members && deliveries.doubled == 0
        try finish(report, succeeded: whole && outcome.failures.isEmpty)
    }

    private func send(_ server: Server, _ world: World, until deadline: Deadline) async -> Outcome {
        let connection = server.connection(members)
        var outcome = Outcome()
        for number in 0..<messages where !deadline.isOver {
            let start = monotonicNanoseconds()
            do {
                let eventID = try await connection.send(
                    "fanout \(server.run) \(number) \(start)", to: world.rooms[0],
                    transaction: "\(server.run)-\(number)", as: world.users[0])
                outcome.latencies.add(monotonicNanoseconds() - start)
                outcome.acknowledged.append(
                    Acknowledged(roomID: world.rooms[0], eventID: eventID, token: world.users[0].token))
                let spent = monotonicNanoseconds() - start
                try await Task.sleep(for: .nanoseconds(max(0, Int64(intervalMilliseconds) * 1_000_000 - spent)))
            } catch {
                outcome.failures.append("\(error)")
            }
        }
        await connection.http.close()
        return outcome
    }
}
