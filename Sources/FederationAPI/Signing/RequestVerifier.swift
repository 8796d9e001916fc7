package import HTTPAPI
import HTTPTypes
package import MatrixCore
package import Telemetry

/// Finds out by its signature which server made a request.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#request-authentication
package struct RequestVerifier: ServerAuthenticator {
    /// A server may sign with several keys, a header each; each costs a look-up.
    private static let maximumHeaders = 4

    private let serverName: ServerName
    private let keys: any RemoteKeys
    private let clock: any Clock
    private let isAllowed: @Sendable (ServerName) -> Bool

    /// - Parameters:
    ///   - serverName: ours. A request that names another destination was not meant for us.
    ///   - isAllowed: whether the operator lets a server in.
    package init(
        serverName: ServerName, keys: any RemoteKeys, clock: any Clock,
        isAllowed: @escaping @Sendable (ServerName) -> Bool = { _ in true }
    ) {
        self.serverName = serverName
        self.keys = keys
        self.clock = clock
        self.isAllowed = isAllowed
    }

    package func server(signing request: CallerRequest) async throws -> RemoteServer {
        let headers = request.headers[values: .authorization]
        guard !headers.isEmpty else { throw Self.refusal("Missing Authorization header") }
        guard headers.count <= Self.maximumHeaders else { throw Self.refusal("Too many Authorization headers") }
        var authorizations: [XMatrixAuthorization] = []
        for header in headers {
            guard let authorization = XMatrixAuthorization(header: header) else {
                throw Self.refusal("Malformed Authorization header")
            }
            authorizations.append(authorization)
        }
        let origin = authorizations[0].origin
        guard authorizations.allSatisfy({ $0.origin == origin }) else {
            throw Self.refusal("Authorization headers of several servers")
        }
        guard authorizations.allSatisfy({ $0.destination == nil || $0.destination == serverName }) else {
            throw Self.refusal("The request is for another server")
        }
        guard origin != serverName else { throw Self.refusal("The request claims to come from here") }
        guard isAllowed(origin) else { throw MatrixError.forbidden("Federation with \(origin) is not allowed") }
        for authorization in authorizations {
            let key = try await keys.key(
                authorization.keyID, of: origin, validAtMilliseconds: clock.nowMilliseconds)
            let signed = FederationRequest(
                method: request.route.method.rawValue, target: request.target, origin: origin,
                destination: authorization.destination, content: request.signedBody?.root)
            if let key, signed.isSigned(by: authorization, publicKey: key) {
                return RemoteServer(serverName: origin, destination: serverName)
            }
        }
        throw Self.refusal("The request is not signed by \(origin)")
    }

    private static func refusal(_ message: String) -> MatrixError { MatrixError(.unauthorized, message) }
}
