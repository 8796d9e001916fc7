import ApusTesting
import Cluster
import Reactor
import Redis
import Synchronization
import Telemetry
import Testing

struct EphemeralBusTests {
    private final class Inbox: Sendable {
        private let messages = Mutex<[(serial: Int64, payload: [UInt8])]>([])
        init(_ bus: EphemeralBus) {
            bus.observe { [self] serial, payload in messages.withLock { $0.append((serial, payload)) } }
        }
        var serials: [Int64] { messages.withLock { $0.map(\.serial) } }
        var payloads: [[UInt8]] { messages.withLock { $0.map(\.payload) } }
    }

    @Test func numbersItsOwnMessagesWithoutRedis() async {
        let clock = ManualClock()
        let bus = EphemeralBus(incarnation: 1, hints: NoHints(), clock: clock)
        let inbox = Inbox(bus)
        await bus.send([1])
        await bus.send([2])
        clock.advance(by: .seconds(1))
        await bus.send([3])
        #expect(inbox.payloads == [[1], [2], [3]])
        let first = clock.nowMilliseconds * 1000 - 1_000_000
        #expect(inbox.serials == [first, first + 1, first + 1_000_000])
        #expect(bus.newest == first + 1_000_000)
    }

    @Test func allWorkersSeeTheSameMessagesUnderTheSameSerials() async throws {
        let redis = try await PrivateRedis.start()
        let reactor = try Reactor()
        try await withThrowingTaskGroup(of: Void.self) { group in
            var inboxes: [Inbox] = []
            var buses: [EphemeralBus] = []
            var clients: [RedisClient] = []
            for _ in 0..<3 {
                let client = RedisClient(
                    try RedisConfiguration(url: redis.url), reactor: reactor, logger: Log.discarding.logger)
                let hints = RedisHints(client: client, telemetry: .silent())
                let bus = EphemeralBus(incarnation: 7, hints: hints, clock: SystemClock())
                inboxes.append(Inbox(bus))
                buses.append(bus)
                clients.append(client)
                group.addTask { await hints.run() }
            }
            try await eventually("subscriptions") {
                await buses[0].send([0])
                return inboxes.allSatisfy { !$0.serials.isEmpty }
            }
            try await Task.sleep(for: .milliseconds(100))
            let before = inboxes.map(\.serials.count)
            await withTaskGroup(of: Void.self) { senders in
                for (number, bus) in buses.enumerated() {
                    senders.addTask {
                        for message in 0..<50 { await bus.send([UInt8(number), UInt8(message)]) }
                    }
                }
            }
            try await eventually("all messages") {
                zip(inboxes, before).allSatisfy { $0.serials.count >= $1 + 150 }
            }
            let tails = inboxes.map { Array(zip($0.serials, $0.payloads).suffix(150)) }
            for tail in tails {
                #expect(tail.map(\.0) == tail.map(\.0).sorted())
                #expect(Set(tail.map(\.0)).count == 150)
                #expect(tail.map(\.0) == tails[0].map(\.0))
                #expect(tail.map(\.1) == tails[0].map(\.1))
            }
            // Redis comes back empty: the serials still grow.
            let last = try #require(inboxes[0].serials.last)
            try await redis.kill()
            await buses[0].send([9])
            try await redis.startAgain()
            try await eventually("Redis again") {
                await buses[1].send([10])
                return inboxes[0].payloads.last == [10]
            }
            #expect(try #require(inboxes[0].serials.last) > last)
            #expect(inboxes[0].payloads.contains([9]), "seen by its own worker")
            for client in clients { await client.close() }
            group.cancelAll()
        }
        await reactor.shutdown()
        try await redis.remove()
    }
}
