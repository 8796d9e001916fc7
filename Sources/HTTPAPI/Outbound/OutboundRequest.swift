package import HTTPTypes
package import NIOCore

/// A request that the server makes by itself.
package struct OutboundRequest: Sendable {
    /// Where to connect when that is not where the URL says: the URL still names `Host` and the certificate.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#server-discovery
    package struct Destination: Hashable, Sendable {
        /// An address or a name, which is looked up.
        package let host: String
        package let port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    package var method: HTTPRequest.Method
    package var url: OutboundURL
    package var headers: HTTPFields
    package var body: ByteBuffer?
    package var destination: Destination?
    /// The certificate's name and the one asked for in the handshake, when not the URL's host.
    package var certificateName: String?
    /// From now to the last byte of the answer, look-up, connection and redirects included.
    package var timeout: Duration
    /// An answer that is longer fails.
    package var maximumResponseBytes: Int
    /// How many redirects are followed, of `GET` and `HEAD` only; each hop's address is judged anew.
    package var maximumRedirects = 0

    package init(
        _ method: HTTPRequest.Method, _ url: OutboundURL, headers: HTTPFields = [:], body: ByteBuffer? = nil,
        timeout: Duration = .seconds(30), maximumResponseBytes: Int = 1 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.maximumResponseBytes = maximumResponseBytes
    }
}

/// The head of an answer from elsewhere.
package struct OutboundResponseHead: Sendable {
    package let status: Int
    package let headers: HTTPFields
    /// The URL that answered, after redirects.
    package let url: OutboundURL

    package init(status: Int, headers: HTTPFields, url: OutboundURL) {
        self.status = status
        self.headers = headers
        self.url = url
    }

    package var isSuccess: Bool { (200...299).contains(status) }
}

/// A whole answer from elsewhere. Nothing in it is to be trusted.
package struct OutboundResponse: Sendable {
    package let head: OutboundResponseHead
    package let body: ByteBuffer

    package init(head: OutboundResponseHead, body: ByteBuffer) {
        self.head = head
        self.body = body
    }

    package var status: Int { head.status }
    package var headers: HTTPFields { head.headers }
}

/// Why there is no answer.
package enum OutboundError: Error, Equatable, Sendable {
    case nameNotFound
    case lookUpFailed
    /// Every address of the name is one that we do not connect to.
    case addressRefused
    /// No connection; the text says why for the log.
    case connectionFailed(String)
    /// The certificate is not to be trusted, or TLS failed otherwise.
    case tlsFailed(String)
    case timedOut
    case responseTooLarge
    case malformedResponse
    /// The connection ended before the answer did.
    case connectionClosed
    case tooManyRedirects
    case badRedirect
    /// Too many requests of ours are under way.
    case overloaded
}

/// Makes requests to elsewhere. What makes them (connections, TLS, judging addresses) is below the services that ask.
package protocol OutboundRequests: Sendable {
    /// Sends a request and reads the whole answer.
    ///
    /// - Throws: `OutboundError`; any status is an answer. `CancellationError`.
    func send(_ request: OutboundRequest) async throws -> OutboundResponse

    /// Sends a request and lets `body` read the answer while it arrives. What it leaves unread is not received.
    ///
    /// - Throws: `OutboundError`, `CancellationError`, and what `body` throws.
    func withResponse<Result: Sendable>(
        to request: OutboundRequest, _ body: (OutboundResponseHead, BodyStream) async throws -> Result
    ) async throws -> Result
}
