package import HTTPAPI
import HTTPTypes
package import MatrixCore
import NIOCore
import Synchronization
package import Telemetry

/// Finds servers, and remembers where they were for as long as they said.
package final class ServerFinder: Sendable {
    private static let maximumRemembered = 50_000
    private static let wellKnownTimeout = Duration.seconds(15)
    /// So that not all of what was learnt together is asked for again together.
    private static let jitter = 0.1

    private struct Memory {
        var server: DiscoveredServer?
        var expires: Duration
        /// How often in a row the well-known file was not to be had.
        var failures: Int
        var delegated: ServerName?
    }

    private let outbound: any OutboundRequests
    private let resolver: any NameResolver
    private let clock: any Clock
    private let random: any RandomSource
    private let memories = Mutex<[ServerName: Memory]>([:])

    package init(
        outbound: any OutboundRequests, resolver: any NameResolver, clock: any Clock, random: any RandomSource
    ) {
        self.outbound = outbound
        self.resolver = resolver
        self.clock = clock
        self.random = random
    }

    /// Where a server is. Whether it answers there is another question.
    ///
    /// - Throws: `CancellationError` only.
    package func find(_ name: ServerName) async throws -> DiscoveredServer {
        let memory = memories.withLock { $0[name] }
        if let memory, let server = memory.server, memory.expires > clock.monotonic { return server }
        var steps = DiscoverySteps(name)
        var fresh = Memory(server: nil, expires: .zero, failures: memory?.failures ?? 0, delegated: nil)
        var step = steps.begin()
        while true {
            switch step {
            case .askWellKnown(let host):
                let lifetime: Duration
                (fresh.delegated, lifetime) = try await askWellKnown(host, memory, &fresh.failures)
                step = steps.answer(delegated: fresh.delegated, lifetime: lifetime)
            case .askServices(let service): step = steps.answer(services: try await askServices(service))
            case .found(let server):
                fresh.server = server
                fresh.expires = clock.monotonic + random.jittered(server.lifetime, fraction: Self.jitter)
                remember(fresh, for: name)
                return server
            }
        }
    }

    /// Forgets where a server was, because it does not answer there.
    package func forget(_ name: ServerName) {
        memories.withLock { $0[name]?.server = nil }
    }

    private func askWellKnown(
        _ host: String, _ memory: Memory?, _ failures: inout Int
    ) async throws -> (delegated: ServerName?, lifetime: Duration) {
        var request = OutboundRequest(
            .get, OutboundURL(isTLS: true, host: host, port: nil, target: "/.well-known/matrix/server"),
            timeout: Self.wellKnownTimeout, maximumResponseBytes: WellKnownServer.maximumBytes)
        request.maximumRedirects = WellKnownServer.maximumRedirects
        do {
            let response = try await outbound.send(request)
            if let answer = WellKnownServer(
                status: response.status, headers: response.headers, body: Array(response.body.readableBytesView))
            {
                failures = 0
                return (answer.delegated, answer.lifetime)
            }
            failures += 1
            return (nil, WellKnownServer.failureLifetime(failures: failures))
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            failures += 1
            // A file that was there an hour ago and cannot be reached now has not been withdrawn.
            return (memory?.delegated, WellKnownServer.failureLifetime(failures: failures))
        }
    }

    private func askServices(_ name: String) async throws -> [ServiceRecord]? {
        do {
            return ServiceOrder.arrange(try await resolver.services(name), random: random)
        } catch {
            try Task.checkCancellation()
            return nil
        }
    }

    private func remember(_ memory: Memory, for name: ServerName) {
        let now = clock.monotonic
        memories.withLock { memories in
            if memories.count >= Self.maximumRemembered {
                memories = memories.filter { $0.value.expires > now }
                // All of them fresh: half of them, whichever, can be learnt again.
                if memories.count >= Self.maximumRemembered {
                    memories = Dictionary(uniqueKeysWithValues: memories.prefix(Self.maximumRemembered / 2).map { $0 })
                }
            }
            memories[name] = memory
        }
    }
}
