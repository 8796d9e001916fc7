import ApusTesting
import Logging
import Reactor
import Redis
import Synchronization
import Testing

/// What came on a channel.
private final class Mailbox: Sendable {
    private let messages = Mutex<[[UInt8]]>([])

    var all: [[UInt8]] { messages.withLock(\.self) }

    func put(_ message: [UInt8]) { messages.withLock { $0.append(message) } }
}

private func withClient<Value: Sendable>(
    _ url: String, _ adjust: (inout RedisConfiguration) -> Void = { _ in }, _ body: (RedisClient) async throws -> Value
) async throws -> Value {
    var configuration = try RedisConfiguration(url: url)
    adjust(&configuration)
    let reactor = try Reactor()
    let client = RedisClient(
        configuration, reactor: reactor, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    defer { Task { await reactor.shutdown() } }
    let value = try await body(client)
    await client.close()
    return value
}

private func connected(_ client: RedisClient) async throws {
    try await eventually("the connection") { client.state == .connected }
}

@Suite struct RedisClientTests {
    @Test func runsCommands() async throws {
        try await withClient(try await TestServers.shared.redisURL()) { client in
            try await connected(client)
            #expect(try await client.command("SET", "apus:k", "v") == .status("OK"))
            #expect(try await client.command("GET", "apus:k").bytes == Array("v".utf8))
            #expect(try await client.command("GET", "apus:absent") == .null)
            #expect(try await client.command("DEL", "apus:k").integer == 1)
            let bytes = [UInt8](0...255)
            #expect(try await client.command([Array("ECHO".utf8), bytes]).bytes == bytes)
            #expect(
                try await client.command("EVAL", "return {1,{'a',2},false}", "0")
                    == .array([.integer(1), .array([.bytes([97]), .integer(2)]), .null]))
            let error = await #expect(throws: RedisError.self) { try await client.command("NOSUCHCOMMAND") }
            guard case .server(let text) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(text.hasPrefix("ERR"))
        }
    }

    @Test func answersEachOfManyTasksItsOwn() async throws {
        try await withClient(try await TestServers.shared.redisURL()) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        let reply = try await client.command("ECHO", "\(number)")
                        #expect(reply.bytes == Array("\(number)".utf8))
                    }
                    group.addTask { client.publish("apus:nobody", []) }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func aSubscriberThatRestsGetsEverythingInOrderAndReadsMuchAtOnce() async throws {
        let rest = Duration.milliseconds(50)
        try await withClient(try await TestServers.shared.redisURL(), { $0.subscriberRest = rest }) { client in
            try await connected(client)
            let mailbox = Mailbox()
            #expect(await client.subscribe("apus:rest") { mailbox.put($0) })
            // The first of them ends a rest or comes in none; what follows while the socket rests comes together.
            var arrivals: Set<Int> = []
            for number in UInt8(0)..<100 {
                client.publish("apus:rest", [number])
                try await Task.sleep(for: .milliseconds(2))
                arrivals.insert(mailbox.all.count)
            }
            try await eventually("all messages") { mailbox.all.count == 100 }
            #expect(mailbox.all == (UInt8(0)..<100).map { [$0] })
            #expect(arrivals.count < 30, "some ten batches, not a hundred")
        }
    }

    @Test func aConfirmedSubscriptionGetsEverythingInOrder() async throws {
        try await withClient(try await TestServers.shared.redisURL()) { client in
            try await connected(client)
            let mailbox = Mailbox()
            #expect(await client.subscribe("apus:order") { mailbox.put($0) })
            let large = [UInt8](repeating: 7, count: 1 << 20)
            for number in UInt8(0)..<200 { client.publish("apus:order", [number]) }
            client.publish("apus:order", large)
            client.publish("apus:order", [])
            try await eventually("all messages") { mailbox.all.count == 202 }
            #expect(mailbox.all == (UInt8(0)..<200).map { [$0] } + [large, []])
            #expect(client.droppedPublishes == 0)
        }
    }

    @Test func channelsComeAndGoAtRunTime() async throws {
        try await withClient(try await TestServers.shared.redisURL()) { client in
            try await connected(client)
            let first = Mailbox()
            let second = Mailbox()
            // The race that aborts a process which uses the library's own asynchronous interface.
            for _ in 0..<100 {
                #expect(await client.subscribe("apus:x") { first.put($0) })
                client.unsubscribe("apus:x")
            }
            #expect(await client.subscribe("apus:x") { second.put($0) })
            client.publish("apus:x", [1])
            try await eventually("the message") { second.all == [[1]] }
            #expect(first.all.isEmpty)
            client.unsubscribe("apus:x")
            #expect(await client.subscribe("apus:y") { second.put($0) })
            client.publish("apus:x", [2])
            client.publish("apus:y", [3])
            try await eventually("the message") { second.all == [[1], [3]] }
        }
    }

    @Test func aSecondHandlerTakesThePlaceOfTheFirst() async throws {
        try await withClient(try await TestServers.shared.redisURL()) { client in
            try await connected(client)
            let first = Mailbox()
            let second = Mailbox()
            #expect(await client.subscribe("apus:z") { first.put($0) })
            #expect(await client.subscribe("apus:z") { second.put($0) })
            client.publish("apus:z", [1])
            try await eventually("the message") { second.all == [[1]] }
            #expect(first.all.isEmpty)
        }
    }

    @Test func aCancelledCommandDisturbsNobody() async throws {
        try await withClient(try await TestServers.shared.redisURL()) { client in
            try await connected(client)
            let blocked = Task { try await client.command("BLPOP", "apus:nothing", "1") }
            try await Task.sleep(for: .milliseconds(50))
            blocked.cancel()
            await #expect(throws: RedisError.cancelled) { try await blocked.value }
            #expect(try await client.command("ECHO", "after").bytes == Array("after".utf8))
        }
    }

    @Test func refusesCommandsOnceClosed() async throws {
        try await withClient(try await TestServers.shared.redisURL()) { client in
            try await connected(client)
            var states = client.states().makeAsyncIterator()
            await client.close()
            await #expect(throws: RedisError.closed) { try await client.command("PING") }
            #expect(await client.subscribe("apus:q") { _ in } == false)
            while let state = await states.next() { #expect(state == .disconnected || state == .connected) }
        }
    }
}

/// Each test stops a server of its own.
@Suite struct RedisRecoveryTests {
    @Test(.timeLimit(.minutes(1))) func restoresSubscriptionsAfterTheServerWasKilled() async throws {
        let server = try await PrivateRedis.start()
        try await withClient(server.url) { client in
            try await connected(client)
            let mailbox = Mailbox()
            // More than go into one command.
            for number in 0..<1200 { await client.subscribe("apus:\(number)") { mailbox.put($0) } }
            for round in UInt8(0)..<3 {
                try await server.kill()
                try await eventually("the loss") { client.state == .disconnected }
                let before = client.droppedPublishes
                client.publish("apus:1", [99])
                try await eventually("the drop") { client.droppedPublishes == before + 1 }
                #expect(await client.subscribe("apus:late\(round)") { mailbox.put($0) } == false)
                try await server.startAgain()
                try await connected(client)
                for channel in ["apus:0", "apus:1199", "apus:late\(round)"] { client.publish(channel, [round]) }
                try await eventually("the messages") { mailbox.all.count(where: { $0 == [round] }) == 3 }
            }
            #expect(!mailbox.all.contains([99]))
        }
        try await server.remove()
    }

    @Test(.timeLimit(.minutes(1))) func livesWithoutAServerAndTakesOneThatComesLate() async throws {
        let server = try await PrivateRedis.start()
        try await server.kill()
        try await withClient(server.url, { $0.commandTimeout = .milliseconds(300) }) { client in
            var states = client.states().makeAsyncIterator()
            #expect(await states.next() == .disconnected)
            await #expect(throws: RedisError.unavailable) { try await client.command("PING") }
            let mailbox = Mailbox()
            #expect(await client.subscribe("apus:a") { mailbox.put($0) } == false)
            client.publish("apus:a", [1])
            try await server.startAgain()
            #expect(await states.next() == .connected)
            client.publish("apus:a", [2])
            try await eventually("the message") { mailbox.all == [[2]] }
        }
        try await server.remove()
    }

    @Test(.timeLimit(.minutes(1))) func commandsInFlightFailWhenTheServerGoes() async throws {
        let server = try await PrivateRedis.start()
        try await withClient(server.url) { client in
            try await connected(client)
            let blocked = Task { try await client.command("BLPOP", "apus:nothing", "30") }
            try await withClient(server.url) { other in
                try await connected(other)
                try await eventually("the command to be in flight") {
                    let list = try await other.command("CLIENT", "LIST").bytes ?? []
                    return String(decoding: list, as: UTF8.self).contains("cmd=blpop")
                }
            }
            try await server.kill()
            await #expect(throws: RedisError.connectionLost) { try await blocked.value }
        }
        try await server.remove()
    }

    @Test(.timeLimit(.minutes(1))) func givesUpAServerThatDoesNotAnswer() async throws {
        let server = try await PrivateRedis.start()
        try await withClient(server.url, { $0.commandTimeout = .milliseconds(300) }) { client in
            try await connected(client)
            server.freeze()
            await #expect(throws: RedisError.connectionLost) { try await client.command("PING") }
            server.thaw()
            try await connected(client)
            #expect(try await client.command("PING") == .status("PONG"))
        }
        try await server.remove()
    }

    @Test(.timeLimit(.minutes(1))) func authenticates() async throws {
        let server = try await PrivateRedis.start(arguments: ["--requirepass", "s3cret"])
        try await withClient("redis://:s3cret@127.0.0.1:\(server.port)/2") { client in
            try await connected(client)
            let info = try await client.command("CLIENT", "INFO").bytes ?? []
            #expect(String(decoding: info, as: UTF8.self).contains("db=2"))
            #expect(String(decoding: info, as: UTF8.self).contains("name=apus"))
        }
        try await withClient("redis://:wrong@127.0.0.1:\(server.port)", { $0.commandTimeout = .milliseconds(300) }) {
            client in
            await #expect(throws: RedisError.unavailable) { try await client.command("PING") }
            #expect(client.state == .disconnected)
        }
        try await server.remove()
    }

    @Test(.timeLimit(.minutes(1))) func connectsThroughASocket() async throws {
        let server = try await PrivateRedis.start()
        try await withClient(server.socketURL) { client in
            try await connected(client)
            #expect(try await client.command("PING") == .status("PONG"))
        }
        try await withClient("redis://localhost:\(server.port)") { client in
            try await connected(client)
            #expect(try await client.command("PING") == .status("PONG"))
        }
        try await server.remove()
    }
}
