/// Messages sent round robin over rooms and their members.
struct SendingLoad {
    let server: Server
    let world: World
    let target: Target

    func measure(_ name: String, messages: Int, warmUp: Int) async throws -> (Report, succeeded: Bool) {
        let warm = await send(warmUp, label: "warm", until: Deadline(seconds: target.maxSeconds))
        if let failure = warm.failures.first { throw Failure("warm-up: \(failure)") }

        var report = Report(name)
        let measurement = try Measurement(target.meter())
        let outcome = await send(messages, label: "send", until: Deadline(seconds: target.maxSeconds))
        report.add("users", world.users.count)
        report.add("rooms", world.rooms.count)
        report.add("concurrency", target.concurrency)
        report.add("messages", outcome.acknowledged.count)
        try measurement.end(&report, operations: outcome.acknowledged.count, called: "message")
        report.add("latency_ms", outcome.latencies)
        report.add(failures: outcome.failures)
        if let path = target.record { try Record(path: path).append(warm.acknowledged + outcome.acknowledged) }
        return (report, outcome.failures.isEmpty && !outcome.acknowledged.isEmpty)
    }

    private func send(_ count: Int, label: String, until deadline: Deadline) async -> Outcome {
        let world = world
        let run = server.run
        return await server.drive(count, until: deadline) { number, connection, outcome in
            let room = number % world.rooms.count
            let user = world.member(number / world.rooms.count, ofRoom: room)
            let eventID = try await connection.send(
                "Message \(number) of run \(run): a sentence about as long as people write them.",
                to: world.rooms[room], transaction: "\(run)-\(label)-\(number)", as: user)
            outcome.acknowledged.append(
                Acknowledged(roomID: world.rooms[room], eventID: eventID, token: user.token))
        }
    }
}
