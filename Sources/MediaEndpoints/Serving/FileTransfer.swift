import HTTPAPI
import HTTPTypes
import Media

/// The headers of a request that spare a transfer, or a part of it.
package struct TransferConditions: Sendable {
    let ifNoneMatch: String?
    let ifRange: String?
    let range: String?

    init(ifNoneMatch: String? = nil, ifRange: String? = nil, range: String? = nil) {
        self.ifNoneMatch = ifNoneMatch
        self.ifRange = ifRange
        self.range = range
    }

    init(from input: borrowing RequestInput) {
        self.init(
            ifNoneMatch: input.header(.ifNoneMatch), ifRange: input.header(.ifRange), range: input.header(.range))
    }

    /// Whether the client has what bears that tag.
    func has(_ tag: String) -> Bool {
        guard let ifNoneMatch else { return false }
        return ifNoneMatch.split(separator: ",").contains { candidate in
            let text = candidate.drop { $0 == " " }
            let strong = text.hasPrefix("W/") ? text.dropFirst(2) : text
            return strong.prefix { $0 != " " } == tag || strong == "*"
        }
    }
}

/// A file on its way to a client.
struct FileTransfer: Sendable {
    /// Strangers' files may be looked at, and do nothing.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#content-repository
    private static let policy =
        "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; style-src 'unsafe-inline'; "
        + "object-src 'self';"
    /// A file never changes, but it may be taken away.
    private static let lifetimeSeconds = 24 * 60 * 60

    let file: StoredFile
    let type: MediaType
    let disposition: ContentDisposition
    /// The same for the same bytes, without quotes.
    let tag: String
    let access: MediaAccess

    func answer(to conditions: TransferConditions) async throws -> ServerResponse {
        let quoted = "\"\(tag)\""
        if conditions.has(quoted) { return ServerResponse(status: .notModified, headers: headers(quoted)) }
        let isSame = conditions.ifRange.map { $0 == quoted } ?? true
        var response = ServerResponse(headers: headers(quoted))
        switch ByteRange(isSame ? conditions.range : nil, of: file.bytes) {
        case .whole: response.body = try await file.body(0..<file.bytes)
        case .part(let range):
            response.status = .partialContent
            response.headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.bytes)"
            response.body = try await file.body(range)
        case .unsatisfiable:
            response.status = .rangeNotSatisfiable
            response.headers[.contentRange] = "bytes */\(file.bytes)"
        }
        return response
    }

    private func headers(_ tag: String) -> HTTPFields {
        let reach = access == .authenticated ? "private" : "public"
        return [
            .contentType: type.description,
            .contentDisposition: disposition.header,
            .contentSecurityPolicy: Self.policy,
            .xContentTypeOptions: "nosniff",
            .crossOriginResourcePolicy: "cross-origin",
            .cacheControl: "\(reach), max-age=\(Self.lifetimeSeconds), immutable",
            .eTag: tag,
            .acceptRanges: "bytes",
        ]
    }
}
