import HTTPAPI
import HTTPTypes
import NIOHTTP1

/// Turns heads as NIO reads them into requests of the API, and refuses those that two parsers could read differently.
enum RequestTranslation {
    /// Why a head is not accepted. The connection is closed after the answer, since its framing cannot be trusted.
    struct Refusal: Error {
        let status: HTTPResponseStatus
    }

    struct Framing: Equatable {
        /// Nil when it comes in chunks.
        let announcedBytes: Int?
        var hasBody: Bool { announcedBytes != 0 }
    }

    static func request(
        _ head: HTTPRequestHead, peer: PeerAddress, body: (Framing) -> RequestBody
    ) throws(Refusal) -> ServerRequest {
        let framing = try framing(of: head)
        guard let method = HTTPRequest.Method(head.method.rawValue), head.method != .CONNECT else {
            throw Refusal(status: .methodNotAllowed)
        }
        var fields = HTTPFields()
        fields.reserveCapacity(head.headers.count)
        for (name, value) in head.headers {
            guard let fieldName = HTTPField.Name(name) else { throw Refusal(status: .badRequest) }
            fields.append(HTTPField(name: fieldName, value: value))
        }
        return ServerRequest(
            method: method, target: try target(of: head.uri), authority: try authority(of: head), headers: fields,
            clientAddress: peer.client(forwardedFor: head.headers["x-forwarded-for"].last),
            body: framing.hasBody ? body(framing) : .empty)
    }

    /// How long the body is. Whatever could be read in two ways is refused.
    ///
    /// - Spec: https://www.rfc-editor.org/rfc/rfc9112#section-6.3
    private static func framing(of head: HTTPRequestHead) throws(Refusal) -> Framing {
        let lengths = head.headers["content-length"]
        let codings = head.headers["transfer-encoding"]
        if !codings.isEmpty {
            guard lengths.isEmpty, codings.count == 1, codings[0].lowercased() == "chunked", head.version == .http1_1
            else { throw Refusal(status: .badRequest) }
            return Framing(announcedBytes: nil)
        }
        guard let text = lengths.first else { return Framing(announcedBytes: 0) }
        guard lengths.count == 1, text.utf8.allSatisfy({ UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "9") }),
            let length = Int(text)
        else { throw Refusal(status: .badRequest) }
        return Framing(announcedBytes: length)
    }

    private static func authority(of head: HTTPRequestHead) throws(Refusal) -> String? {
        let hosts = head.headers["host"]
        guard hosts.count == 1 || (hosts.isEmpty && head.version != .http1_1) else {
            throw Refusal(status: .badRequest)
        }
        return hosts.first
    }

    /// Path and query, also of a target in absolute form.
    private static func target(of uri: String) throws(Refusal) -> String {
        if uri.utf8.first == UInt8(ascii: "/") || uri == "*" { return uri }
        for scheme in ["http://", "https://"] where uri.lowercased().hasPrefix(scheme) {
            let rest = uri.dropFirst(scheme.count)
            guard let start = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) else { return "/" }
            return rest[start] == "/" ? String(rest[start...]) : "/" + rest[start...]
        }
        throw Refusal(status: .badRequest)
    }
}
