package import HTTPAPI
import Synchronization

/// A network in which nobody answers.
package final class SilentNetwork: OutboundRequests, NameResolver {
    private let asked = Mutex(0)

    /// Requests that somebody tried to make.
    package var count: Int { asked.withLock { $0 } }

    package init() {}

    package func send(_ request: OutboundRequest) async throws -> OutboundResponse {
        asked.withLock { $0 += 1 }
        throw OutboundError.connectionFailed("nobody")
    }

    package func withResponse<Result: Sendable>(
        to request: OutboundRequest, _ body: (OutboundResponseHead, BodyStream) async throws -> Result
    ) async throws -> Result {
        asked.withLock { $0 += 1 }
        throw OutboundError.connectionFailed("nobody")
    }

    package func addresses(of host: String) async throws(ResolverError) -> [IPAddress] { [] }
    package func services(_ name: String) async throws(ResolverError) -> [ServiceRecord] { [] }
}
