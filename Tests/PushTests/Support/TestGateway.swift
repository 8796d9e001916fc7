import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import NIOPosix
import Synchronization
import Telemetry
import Testing
import Transport

/// A push gateway on loopback: it keeps what it is told, and can be made to fail, to reject and to be slow.
final class TestGateway: Sendable {
    struct Behaviour {
        var status = 200
        var rejected: [String] = []
        var isStuck = false
    }

    private struct State {
        var port = 0
        var attempts = 0
        var received: [JSONValue] = []
        var behaviour = Behaviour()
    }

    private let state = Mutex(State())

    var url: String { "http://127.0.0.1:\(state.withLock { $0.port })/_matrix/push/v1/notify" }
    var attempts: Int { state.withLock { $0.attempts } }
    /// What it took, oldest first.
    var received: [JSONValue] { state.withLock { $0.received } }
    /// Those about events.
    var events: [JSONValue] { received.filter { $0["event_id"] != nil } }

    func behave(_ change: (inout Behaviour) -> Void) { state.withLock { change(&$0.behaviour) } }

    static func with(_ body: @escaping @Sendable (TestGateway) async throws -> Void) async throws {
        let gateway = TestGateway()
        let telemetry = Telemetry(
            log: .discarding, metrics: MetricsRegistry(), clock: SystemClock(), random: SeededRandomSource(seed: 1))
        let route = Route("notify", .post, "/_matrix/push/v1/notify")
        let router = try Router([ServedEndpoint(route) { try await gateway.answer($0) }], telemetry: telemetry)
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let server = HTTPServer(
            HTTPServerConfiguration(host: "127.0.0.1", port: 0), router: router, telemetry: telemetry,
            eventLoopGroup: .singleton, whenListening: { listening.yield($0) })
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { listening.finish() }
                try await server.run()
            }
            var iterator = ports.makeAsyncIterator()
            if let port = await iterator.next() {
                gateway.state.withLock { $0.port = port }
                defer {
                    gateway.behave { $0.isStuck = false }
                    server.shutDown()
                }
                try await body(gateway)
            }
            try await tasks.waitForAll()
        }
    }

    private func answer(_ request: ServerRequest) async throws -> ServerResponse {
        let bytes = try await request.body.collect(maximumBytes: 1 << 20)
        let body = try JSONValue(parsing: Array(bytes.readableBytesView))
        state.withLock { $0.attempts += 1 }
        while state.withLock({ $0.behaviour.isStuck }) { try await Task.sleep(for: .milliseconds(20)) }
        return state.withLock { state in
            guard state.behaviour.status == 200 else {
                return ServerResponse(status: .init(code: state.behaviour.status))
            }
            if let notification = body["notification"] { state.received.append(notification) }
            let answer: JSONValue = ["rejected": .array(state.behaviour.rejected.map { .string($0) })]
            return ServerResponse(json: ByteBuffer(bytes: answer.canonicalBytes))
        }
    }

    /// Waits until something holds; fails the test after fifteen seconds.
    func wait(_ holds: (TestGateway) async throws -> Bool) async throws {
        for _ in 0..<1500 {
            if try await holds(self) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("the gateway was told only \(received)")
    }
}
