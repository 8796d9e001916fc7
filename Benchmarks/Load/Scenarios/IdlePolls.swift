import ArgumentParser
import Synchronization

/// Many long polls that wait while messages are sent in rooms of others.
struct IdlePolls: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Many long polls that wait while messages are sent in rooms of others.",
        discussion: """
            With --base-url and --pids of one worker and --send-url of another: its memory for each poll, and its \
            processor time while it has nothing to tell them. Each poll is a connection, so the limit of open files must allow them here and there.
            """)

    @OptionGroup var target: Target
    @Option(help: "Users who wait, each in a room of their own.") var users = 100
    @Option(help: "Polls; users have several when there are more of these, 64 at most.") var polls = 1000
    @Option(help: "Messages a second in rooms that concern no poll.") var rate = 40
    @Option(help: "How long this is watched.") var seconds = 20
    @Option(help: "How long the polls may take to arrive.") var settleSeconds = 3
    @Option(help: "Where messages are sent, when not where the polls wait.") var sendURL: ServerAddress?

    private static let pollsPerUser = 64
    private static let pollMilliseconds = 600_000

    func validate() throws {
        guard polls <= users * Self.pollsPerUser else {
            throw ValidationError("--polls: a user may have \(Self.pollsPerUser) at most")
        }
    }

    func run() async throws {
        let server = Server(target)
        var sender = server
        if let sendURL { sender.addresses = [sendURL] }
        let waiting = try await server.makeWorld(users: users, rooms: users, membersPerRoom: 1)
        let sending = try await sender.makeWorld(users: 4, rooms: 8, membersPerRoom: 4, named: "sender")
        let since = try await server.startingPoints(of: waiting.users)
        let meter = try target.meter()
        let memoryBefore = meter.residentBytes()
        var report = Report("idle-polls")

        let connections = (0..<polls).map {
            server.connection($0, timeoutSeconds: Int64(Self.pollMilliseconds / 1000))
        }
        let end = Ending()

        let endedEarly = try await withThrowingTaskGroup(of: Bool.self) { tasks in
            for (number, connection) in connections.enumerated() {
                let user = number % users
                tasks.addTask {
                    _ = try? await connection.sync(
                        as: waiting.users[user], since: since[user], timeoutMilliseconds: Self.pollMilliseconds)
                    return !end.hasCome.load(ordering: .relaxed)
                }
            }
            try await Task.sleep(for: .seconds(settleSeconds))
            report.add("polls", polls)
            report.add("bytes_per_poll", (meter.residentBytes() - memoryBefore) / max(1, polls))
            report.add("resident_mb", Double(meter.residentBytes()) / 1e6)
            let measurement = try Measurement(meter)
            let sent = try await send(sender, sending)
            report.add("messages", sent)
            try measurement.end(&report, operations: max(1, sent), called: "message")
            end.hasCome.store(true, ordering: .relaxed)
            for connection in connections { await connection.http.close() }
            return try await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        report.add("ended_early", endedEarly)
        try finish(report, succeeded: endedEarly == 0)
    }

    private func send(_ server: Server, _ world: World) async throws -> Int {
        let connection = server.connection(0)
        let start = monotonicNanoseconds()
        let pause = 1_000_000_000 / Int64(max(1, rate))
        for number in 0..<(rate * seconds) {
            let due = start + Int64(number) * pause
            try await Task.sleep(for: .nanoseconds(max(0, due - monotonicNanoseconds())))
            _ = try await connection.send(
                "Message \(number) that concerns nobody who waits.", to: world.rooms[number % world.rooms.count],
                transaction: "\(server.run)-\(number)", as: world.member(0, ofRoom: number % world.rooms.count))
        }
        await connection.http.close()
        return rate * seconds
    }
}

/// Tells polls that were ended from those that ended by themselves.
private final class Ending: Sendable {
    let hasCome = Atomic(false)
}
