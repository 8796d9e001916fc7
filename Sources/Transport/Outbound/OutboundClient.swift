package import HTTPAPI
import HTTPTypes
import NIOCore
import NIOHTTP1
package import NIOPosix
import Synchronization
package import Telemetry

/// Makes the server's own requests: to other servers, push gateways, identity servers, previewed pages.
///
/// It is built on NIO and not on AsyncHTTPClient, because federation needs what that does not offer: to connect to one
/// address while asking for another certificate and `Host`, and to judge the very address that is then connected to.
package final class OutboundClient: OutboundRequests {
    private let configuration: OutboundConfiguration
    private let connector: Connector
    private let pool: ConnectionPool
    private let running = Atomic<Int>(0)
    private let clock: any Clock
    private let requests: MetricFamily<Counter>

    private enum Outcome: String, CaseIterable { case answered, failed }

    /// - Throws: when the file of certificate authorities cannot be read.
    package init(
        _ configuration: OutboundConfiguration, resolver: any NameResolver, eventLoopGroup: MultiThreadedEventLoopGroup,
        telemetry: Telemetry
    ) throws {
        self.configuration = configuration
        connector = Connector(
            configuration: configuration, tlsContext: try configuration.tlsContext(), resolver: resolver,
            eventLoopGroup: eventLoopGroup)
        pool = ConnectionPool(
            maximumConnections: configuration.maximumIdleConnections,
            maximumPerKey: configuration.maximumIdleConnectionsPerDestination,
            idleTimeout: TimeAmount(configuration.idleTimeout))
        clock = telemetry.clock
        requests = telemetry.metrics.counters(
            "apus_outbound_requests_total", help: "Requests made to elsewhere, redirects counted each",
            labels: [MetricLabel("outcome", Outcome.self)])
    }

    /// Closes the connections that wait for use.
    package func shutDown() { pool.close() }

    /// How many connections wait for use.
    package var idleConnections: Int { pool.count }

    package func send(_ request: OutboundRequest) async throws -> OutboundResponse {
        try await withResponse(to: request) { head, stream in
            var body = ByteBuffer()
            for try await chunk in stream { body.writeImmutableBuffer(chunk) }
            return OutboundResponse(head: head, body: body)
        }
    }

    package func withResponse<Result: Sendable>(
        to request: OutboundRequest, _ body: (OutboundResponseHead, BodyStream) async throws -> Result
    ) async throws -> Result {
        guard running.wrappingAdd(1, ordering: .relaxed).newValue <= configuration.maximumRequests else {
            running.wrappingSubtract(1, ordering: .relaxed)
            throw OutboundError.overloaded
        }
        defer { running.wrappingSubtract(1, ordering: .relaxed) }
        let deadline = NIODeadline.now() + TimeAmount(request.timeout)
        var request = request
        var redirectsLeft = request.maximumRedirects
        while true {
            switch try await exchange(request, deadline, canRedirect: request.maximumRedirects > 0, body) {
            case .result(let result): return result
            case .redirect(let location):
                guard redirectsLeft > 0 else { throw OutboundError.tooManyRedirects }
                redirectsLeft -= 1
                try Self.follow(location, &request)
            }
        }
    }

    private enum Step<Result: Sendable>: Sendable {
        case result(Result)
        case redirect(String)
    }

    /// One request on one connection.
    private func exchange<Result: Sendable>(
        _ request: OutboundRequest, _ deadline: NIODeadline, canRedirect: Bool,
        _ body: (OutboundResponseHead, BodyStream) async throws -> Result
    ) async throws -> Step<Result> {
        let key = Self.key(of: request)
        let (connection, head) = try await open(request, key, deadline)
        do {
            if canRedirect, let location = Self.redirect(head, of: request) {
                // A short body is read so that the connection lives on; a long one is not worth it.
                connection.close()
                return .redirect(location)
            }
            if let announced = head.headers.first(name: "content-length").flatMap({ Int($0) }),
                announced > request.maximumResponseBytes, request.method != .head
            {
                throw OutboundError.responseTooLarge
            }
            let limited = LimitedBody(body: OutboundBody(connection: connection), limit: request.maximumResponseBytes)
            let result = try await body(Self.translate(head, request.url), BodyStream(limited))
            await pool.give(connection, for: key)
            return .result(result)
        } catch {
            connection.close()
            throw error
        }
    }

    /// Sends the request, on a connection that waits or on a new one.
    private func open(
        _ request: OutboundRequest, _ key: ConnectionPool.Key, _ deadline: NIODeadline
    ) async throws -> (OutboundConnection, HTTPResponseHead) {
        let head = requestHead(request)
        do {
            if let connection = pool.take(key) {
                do {
                    let response = try await connection.send(head, body: request.body, deadline: deadline)
                    requests[0].increment()
                    return (connection, response)
                } catch OutboundError.connectionClosed where Self.mayRepeat(request.method) {
                    // Its server closed it while it waited: a new one gets the request that this one never answered.
                }
            }
            let connection = try await connector.connect(key, deadline: deadline)
            do {
                let response = try await connection.send(head, body: request.body, deadline: deadline)
                requests[0].increment()
                return (connection, response)
            } catch {
                connection.close()
                throw error
            }
        } catch {
            requests[1].increment()
            throw error
        }
    }

    // MARK: Heads

    private static func key(of request: OutboundRequest) -> ConnectionPool.Key {
        ConnectionPool.Key(
            isTLS: request.url.isTLS, certificateName: request.certificateName ?? request.url.host,
            host: request.destination?.host ?? request.url.host, port: request.destination?.port ?? request.url.port)
    }

    /// Methods that say by themselves that doing them twice is doing them once.
    private static func mayRepeat(_ method: HTTPRequest.Method) -> Bool {
        [.get, .head, .put, .delete].contains(method)
    }

    private func requestHead(_ request: OutboundRequest) -> HTTPRequestHead {
        var headers: HTTPHeaders = ["Host": request.url.authority]
        for field in request.headers { headers.add(name: field.name.rawName, value: field.value) }
        if !headers.contains(name: "User-Agent") { headers.add(name: "User-Agent", value: configuration.userAgent) }
        if let body = request.body {
            headers.add(name: "Content-Length", value: String(body.readableBytes))
        } else if request.method == .post || request.method == .put {
            headers.add(name: "Content-Length", value: "0")
        }
        return HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method.rawValue), uri: request.url.target,
            headers: headers)
    }

    private static func translate(_ head: HTTPResponseHead, _ url: OutboundURL) -> OutboundResponseHead {
        var fields = HTTPFields()
        for (name, value) in head.headers {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        return OutboundResponseHead(status: Int(head.status.code), headers: fields, url: url)
    }

    // MARK: Redirects

    private static func redirect(_ head: HTTPResponseHead, of request: OutboundRequest) -> String? {
        guard request.method == .get || request.method == .head, [301, 302, 303, 307, 308].contains(head.status.code)
        else { return nil }
        return head.headers.first(name: "location")
    }

    private static func follow(_ location: String, _ request: inout OutboundRequest) throws(OutboundError) {
        guard let url = request.url.resolving(location: location), url.isTLS || !request.url.isTLS else {
            throw .badRedirect
        }
        // What was meant for one host is not for another to see.
        if url.host != request.url.host || url.port != request.url.port {
            request.headers[.authorization] = nil
            request.headers[.cookie] = nil
        }
        request.destination = nil
        request.certificateName = nil
        request.url = url
    }
}

/// An answer's body that fails when it gets too long.
private struct LimitedBody: AsyncSequence, Sendable {
    typealias Failure = any Error
    let body: OutboundBody
    let limit: Int

    func makeAsyncIterator() -> Iterator { Iterator(body: body.makeAsyncIterator(), left: limit) }

    struct Iterator: AsyncIteratorProtocol {
        var body: OutboundBody.Iterator
        var left: Int

        mutating func next() async throws -> ByteBuffer? {
            guard let chunk = try await body.next() else { return nil }
            left -= chunk.readableBytes
            guard left >= 0 else { throw OutboundError.responseTooLarge }
            return chunk
        }
    }
}
