import HTTPAPI
import HTTPTypes
import Logging
import MatrixCore
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Telemetry
import Testing
import Transport

/// A real server on a free port of the loopback, for the time of a test.
struct ServerFixture: Sendable {
    let port: Int
    let server: HTTPServer
    let events: Events
    let group: MultiThreadedEventLoopGroup
    let telemetry: Telemetry

    static func run(
        _ adjust: (inout HTTPServerConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (ServerFixture) async throws -> Void
    ) async throws {
        var configuration = HTTPServerConfiguration(host: "127.0.0.1", port: 0)
        adjust(&configuration)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let telemetry = Telemetry(
            log: .discarding, metrics: MetricsRegistry(), clock: SystemClock(), random: SeededRandomSource(seed: 1))
        let events = Events()
        let router = try Router(
            TestEndpoints.all(events) + [OperationalEndpoints.health(), OperationalEndpoints.ready { "no database" }],
            telemetry: telemetry)
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let server = HTTPServer(
            configuration, router: router, telemetry: telemetry, eventLoopGroup: group, drain: { events.drain() },
            whenListening: { listening.yield($0) })
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    defer { listening.finish() }
                    try await server.run()
                }
                var iterator = ports.makeAsyncIterator()
                if let port = await iterator.next() {
                    let fixture = ServerFixture(
                        port: port, server: server, events: events, group: group, telemetry: telemetry)
                    defer { server.shutDown() }
                    try await body(fixture)
                }
                try await tasks.waitForAll()
            }
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
    }

    func connect() async throws -> RawConnection { try await RawConnection.open(port: port, group: group) }

    /// A client that trusts what it is told to, and may reach the loopback.
    func client(_ adjust: (inout OutboundConfiguration) -> Void = { _ in }, names: [String: [String]] = [:]) throws
        -> OutboundClient
    {
        var configuration = OutboundConfiguration()
        configuration.addressPolicy = AddressPolicy(allowsPrivateAddresses: true)
        adjust(&configuration)
        return try OutboundClient(
            configuration, resolver: TableResolver(names: names), eventLoopGroup: group, telemetry: telemetry)
    }

    func url(_ target: String) -> OutboundURL {
        OutboundURL(isTLS: false, host: "127.0.0.1", port: port, target: target)
    }
}

/// Answers lookups from a table.
struct TableResolver: NameResolver {
    let names: [String: [String]]

    func addresses(of host: String) async throws(ResolverError) -> [IPAddress] {
        (names[host] ?? []).compactMap { IPAddress($0) }
    }

    func services(_ name: String) async throws(ResolverError) -> [ServiceRecord] { [] }
}

/// What happened inside the server, for tests to wait for.
final class Events: Sendable {
    private struct State {
        var seen: [String: Int] = [:]
        var isDraining = false
        var polls: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    func note(_ name: String) { state.withLock { $0.seen[name, default: 0] += 1 } }
    func count(_ name: String) -> Int { state.withLock { $0.seen[name] ?? 0 } }

    /// Waits until something happened so many times; fails the test after ten seconds.
    func wait(for name: String, count wanted: Int = 1) async throws {
        for _ in 0..<1000 {
            if count(name) >= wanted { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("\(name) did not happen \(wanted) times")
    }

    func drain() {
        let polls = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.isDraining = true
            defer { state.polls = [] }
            return state.polls
        }
        for poll in polls { poll.resume() }
    }

    func untilDrained() async {
        await withCheckedContinuation { continuation in
            let isDraining = state.withLock { state in
                if !state.isDraining { state.polls.append(continuation) }
                return state.isDraining
            }
            if isDraining { continuation.resume() }
        }
    }
}

enum TestEndpoints {
    static func all(_ events: Events) -> [ServedEndpoint] {
        [
            ServedEndpoint(Route("echo", .post, "/echo")) { request in
                let body = try await request.body.collect(maximumBytes: 1000)
                return .bytes(body, contentType: "application/octet-stream")
            },
            ServedEndpoint(Route("who", .get, "/who/{name}")) { request in
                .bytes(
                    ByteBuffer(
                        string:
                            "\(request.path)|\(request.query ?? "-")|\(request.authority ?? "-")|\(request.clientAddress)|\(request.headers[.authorization] ?? "-")"
                    ), contentType: "text/plain")
            },
            ServedEndpoint(Route("unread", .post, "/unread")) { _ in throw MatrixError.forbidden("No") },
            ServedEndpoint(Route("poll", .get, "/poll")) { _ in
                events.note("poll")
                await events.untilDrained()
                return .bytes(ByteBuffer(string: "early"), contentType: "text/plain")
            },
            ServedEndpoint(Route("stuck", .get, "/stuck")) { _ in
                events.note("stuck")
                do {
                    try await Task.sleep(for: .seconds(60))
                } catch {
                    events.note("cancelled")
                    throw error
                }
                return ServerResponse()
            },
            ServedEndpoint(Route("stream", .get, "/stream")) { request in
                let parts = (request.query ?? "3,10").split(separator: ",").compactMap { Int($0) }
                let length = parts.count > 2 ? parts[2] : nil
                return .stream(
                    BodyStream(Chunks(count: parts[0], bytes: parts[1], events: events)), length: length,
                    contentType: "application/octet-stream")
            },
            ServedEndpoint(Route("redirect", .get, "/redirect")) { request in
                events.note("redirect")
                return .redirect(to: PercentDecoding.decode(queryPart: Substring(request.query ?? "/")) ?? "/")
            },
        ]
    }
}

/// A stream of so many chunks of so many bytes.
struct Chunks: AsyncSequence, Sendable {
    typealias Failure = any Error
    let count: Int
    let bytes: Int
    let events: Events

    func makeAsyncIterator() -> Iterator { Iterator(left: count, chunks: self) }

    struct Iterator: AsyncIteratorProtocol {
        var left: Int
        let chunks: Chunks
        mutating func next() async throws -> ByteBuffer? {
            guard left > 0 else { return nil }
            left -= 1
            chunks.events.note("chunk")
            return ByteBuffer(repeating: UInt8(ascii: "x"), count: chunks.bytes)
        }
    }
}
