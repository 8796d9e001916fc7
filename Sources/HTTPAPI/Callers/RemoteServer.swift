package import MatrixCore

/// Another homeserver, known by the signature of its request.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#request-authentication
package struct RemoteServer: Caller {
    package static let kind = CallerKind.remoteServer

    /// The server that signed. Nothing in the body is more than its claim.
    package let serverName: ServerName
    /// The name of ours under which it called.
    package let destination: ServerName

    package init(serverName: ServerName, destination: ServerName) {
        self.serverName = serverName
        self.destination = destination
    }

    package static func identify(
        _ request: CallerRequest, with authenticators: Authenticators
    ) async throws -> RemoteServer {
        guard let servers = authenticators.servers else {
            throw MatrixError(.unauthorized, "This listener does not serve other servers")
        }
        return try await servers.server(signing: request)
    }

    package var rateLimitSubject: RateLimitSubject? { .server(serverName) }
}
