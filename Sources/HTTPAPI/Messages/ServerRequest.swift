package import HTTPTypes

/// A request as it reached the server, of which only the head was read yet.
package struct ServerRequest: Sendable {
    package let method: HTTPRequest.Method
    /// The path as it was sent, percent-encoded, without the query.
    package let path: String
    /// The query as it was sent, without the question mark.
    package let query: String?
    /// The `Host` of the request.
    package let authority: String?
    package let headers: HTTPFields
    /// The address of the peer, or what a trusted proxy says it is.
    package let clientAddress: String
    package let body: RequestBody

    package init(
        method: HTTPRequest.Method, target: String, authority: String? = nil, headers: HTTPFields = [:],
        clientAddress: String = "", body: RequestBody = .empty
    ) {
        self.method = method
        if let question = target.utf8.firstIndex(of: UInt8(ascii: "?")) {
            path = String(target[..<question])
            query = String(target[target.utf8.index(after: question)...])
        } else {
            path = target
            query = nil
        }
        self.authority = authority
        self.headers = headers
        self.clientAddress = clientAddress
        self.body = body
    }

    /// Path and query as they were sent. Signatures of other servers cover exactly this.
    package var target: String { query.map { "\(path)?\($0)" } ?? path }
}
