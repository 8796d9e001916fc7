package import HTTPAPI
import HTTPTypes
package import MatrixCore

/// Takes any `Authorization` header for the signature of one other server.
package struct AnySignature: ServerAuthenticator {
    private let signer: RemoteServer

    /// - Parameters:
    ///   - server: who signs.
    ///   - destination: the name of ours.
    package init(of server: ServerName, to destination: ServerName) {
        signer = RemoteServer(serverName: server, destination: destination)
    }

    package func server(signing request: CallerRequest) async throws -> RemoteServer {
        guard request.headers[.authorization] != nil else { throw MatrixError(.unauthorized, "not signed") }
        return signer
    }
}
