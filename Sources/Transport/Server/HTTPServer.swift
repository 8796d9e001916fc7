package import HTTPAPI
import HummingbirdCore
import HummingbirdTLS
import NIOCore
package import NIOPosix
import ServiceLifecycle
import Synchronization
package import Telemetry

/// Serves a router on one address.
///
/// Shutting down (by the lifecycle it runs in, or by `shutDown`): it stops accepting, tells long polls to end, closes idle
/// connections, lets running requests finish, and cancels those that take longer than the limit.
package final class HTTPServer: Service {
    private let configuration: HTTPServerConfiguration
    private let router: Router
    private let telemetry: Telemetry
    private let eventLoopGroup: MultiThreadedEventLoopGroup
    private let drain: @Sendable () -> Void
    private let whenListening: @Sendable (_ port: Int) async -> Void
    private let stopping = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// - Parameters:
    ///   - drain: called once when the shutdown begins, so that long polls answer with what they have.
    ///   - whenListening: called when requests can come in; a start that does not get there throws from `run`.
    package init(
        _ configuration: HTTPServerConfiguration, router: Router, telemetry: Telemetry,
        eventLoopGroup: MultiThreadedEventLoopGroup, drain: @escaping @Sendable () -> Void = {},
        whenListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.router = router
        self.telemetry = telemetry.labelled("http")
        self.eventLoopGroup = eventLoopGroup
        self.drain = drain
        self.whenListening = whenListening
    }

    /// Begins the shutdown; `run` returns when it is done.
    package func shutDown() { stopping.continuation.yield() }

    /// Serves until it is shut down.
    ///
    /// - Throws: when the address is not to be had, or TLS is not configured right.
    package func run() async throws {
        let connection = ServerConnection(
            router: router, limits: configuration.limits, date: DateHeader(clock: telemetry.clock), log: telemetry.log)
        if let tls = configuration.tls {
            try await run(try TLSChannel(connection, tlsConfiguration: tls))
        } else {
            try await run(connection)
        }
    }

    private func run(_ childChannel: some ServerChildChannel) async throws {
        let server = Server(
            childChannelSetup: childChannel,
            configuration: ServerConfiguration(
                address: .hostname(configuration.host, port: configuration.port), backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(
                    configuration.maximumConnections, logger: telemetry.log.logger)),
            onServerRunning: { [whenListening, configuration] channel in
                await whenListening(channel.localAddress?.port ?? configuration.port)
            },
            eventLoopGroup: eventLoopGroup, logger: telemetry.log.logger)
        let stopping = stopping, drain = drain, clock = telemetry.clock, limit = configuration.shutdownLimit
        let (graceBegins, grace) = AsyncStream<Void>.makeStream()
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.run() }
                group.addTask {
                    for await _ in stopping.stream {
                        drain()
                        grace.yield()
                        return try await server.shutdownGracefully()
                    }
                }
                group.addTask { for await _ in graceBegins { return try await clock.sleep(for: limit) } }
                // Whatever is over first ends the rest: the server, its shutdown, or the time it had for that.
                defer { group.cancelAll() }
                try await group.next()
            }
        } onGracefulShutdown: {
            stopping.continuation.yield()
        }
    }
}
