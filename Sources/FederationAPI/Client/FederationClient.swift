package import HTTPAPI
import HTTPTypes
package import MatrixCore
import NIOCore

/// Asks other servers: finds them, signs the request, reads the answer.
///
/// It tries once, at each of a server's addresses. Trying again later, and sparing servers that are down, is for callers.
package struct FederationClient: Sendable {
    private static let maximumMessageBytes = 500

    private let serverName: ServerName
    private let signingKey: SigningKey
    private let finder: ServerFinder
    private let outbound: any OutboundRequests
    private let isAllowed: @Sendable (ServerName) -> Bool

    /// - Parameter isAllowed: whether the operator lets us talk to a server.
    package init(
        serverName: ServerName, signingKey: SigningKey, finder: ServerFinder, outbound: any OutboundRequests,
        isAllowed: @escaping @Sendable (ServerName) -> Bool = { _ in true }
    ) {
        self.serverName = serverName
        self.signingKey = signingKey
        self.finder = finder
        self.outbound = outbound
        self.isAllowed = isAllowed
    }

    /// Makes a call and reads its answer, a JSON object.
    ///
    /// - Throws: `FederationError`, `CancellationError`.
    package func send(_ call: FederationCall) async throws -> JSONDocument {
        try await withResponse(to: call) { head, stream in
            let bytes = try await Self.collect(stream)
            guard head.isSuccess else { throw Self.refusal(head, bytes) }
            guard let document = try? JSONDocument(parsing: bytes), document.root.isObject else {
                throw FederationError.malformed("not a JSON object")
            }
            return document
        }
    }

    /// Makes a call whose answer is large: an object with lists that are handed over while they arrive, some hundred elements
    /// at a time, so that the whole is never in memory.
    ///
    /// - Parameters:
    ///   - lists: names of members. What is no object in them is left out, since one bad event must not cost its
    ///     neighbours.
    ///   - maximum: elements of each list.
    /// - Returns: the rest of the answer; the lists are empty in it.
    /// - Throws: `FederationError`, `CancellationError`, and what `take` throws.
    func send(
        _ call: FederationCall, elementsOf lists: [String], atMost maximum: Int,
        take: ([(array: Int, value: JSONView)]) async throws -> Void
    ) async throws -> JSONDocument {
        try await withResponse(to: call) { head, stream in
            guard head.isSuccess else { throw Self.refusal(head, try await Self.collect(stream)) }
            var reader = ElementReader(lists: lists, maximum: maximum)
            for try await chunk in stream {
                try reader.read(chunk)
                while reader.isFull { try await take(reader.takeElements()) }
            }
            if !reader.isEmpty { try await take(reader.takeElements()) }
            return try reader.finish()
        }
    }

    private static func collect(_ stream: BodyStream) async throws -> [UInt8] {
        var body = ByteBuffer()
        for try await chunk in stream { body.writeImmutableBuffer(chunk) }
        return Array(body.readableBytesView)
    }

    /// Makes a call and lets `body` read the answer while it arrives, whatever its status.
    ///
    /// - Throws: `FederationError`, `CancellationError`, and what `body` throws.
    package func withResponse<Result: Sendable>(
        to call: FederationCall, _ body: (OutboundResponseHead, BodyStream) async throws -> Result
    ) async throws -> Result {
        guard isAllowed(call.destination) else { throw FederationError.notAllowed }
        let authorization = try authorize(call)
        let server = try await finder.find(call.destination)
        var failure = OutboundError.nameNotFound
        for destination in server.destinations {
            do {
                return try await outbound.withResponse(
                    to: request(call, server.name, destination, authorization), body)
            } catch let error as OutboundError {
                failure = error
                guard Self.mayBeElsewhere(error) else { break }
            }
        }
        if Self.mayBeElsewhere(failure) { finder.forget(call.destination) }
        throw FederationError.unreachable(failure)
    }

    /// Nothing of the request has been acted upon, so it may be sent to another address.
    private static func mayBeElsewhere(_ error: OutboundError) -> Bool {
        switch error {
        case .nameNotFound, .lookUpFailed, .addressRefused, .connectionFailed, .tlsFailed: true
        default: false
        }
    }

    private func authorize(_ call: FederationCall) throws(FederationError) -> String {
        do {
            let content = try call.body.map { (body: [UInt8]) throws(JSONError) in try JSONDocument(parsing: body) }
            let request = FederationRequest(
                method: call.method.rawValue, target: call.target, origin: serverName, destination: call.destination,
                content: content?.root)
            return try request.authorization(key: signingKey).header
        } catch {
            throw .malformed("our own request: \(error)")
        }
    }

    private func request(
        _ call: FederationCall, _ name: ServerName, _ destination: OutboundRequest.Destination, _ authorization: String
    ) -> OutboundRequest {
        let method: HTTPRequest.Method =
            switch call.method {
            case .get: .get
            case .put: .put
            case .post: .post
            }
        var headers: HTTPFields = [.authorization: authorization]
        if call.body != nil { headers[.contentType] = "application/json" }
        var request = OutboundRequest(
            method, OutboundURL(isTLS: true, host: name.host, port: name.port.map(Int.init), target: call.target),
            headers: headers, body: call.body.map { ByteBuffer(bytes: $0) }, timeout: call.timeout,
            maximumResponseBytes: call.maximumBytes)
        request.destination = destination
        return request
    }

    private static func refusal(_ head: OutboundResponseHead, _ body: [UInt8]) -> FederationError {
        let document = try? JSONDocument(parsing: body)
        func text(_ key: String) -> String? {
            (document?[key]?.string).map { String(decoding: $0.utf8.prefix(maximumMessageBytes), as: UTF8.self) }
        }
        return .refused(
            status: head.status, errcode: document?["errcode"]?.string, message: text("error") ?? "",
            roomVersion: text("room_version"),
            retryAfter: head.headers[.retryAfter].flatMap { Int64($0) }.map { .seconds(min(max($0, 0), 86_400)) })
    }
}
