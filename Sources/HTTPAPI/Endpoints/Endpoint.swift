import MatrixCore
import NIOCore

/// One operation of an API: where it is, who may call it, what it takes, what it does and what it answers.
///
/// One file each, named after the operation. The type holds no state; what it works with is passed in.
package protocol Endpoint<Services>: SendableMetatype {
    associatedtype Caller: HTTPAPI.Caller
    associatedtype Request: RequestDecodable
    associatedtype Response: ResponseEncodable
    associatedtype Services: Sendable

    static var route: Route { get }

    static func handle(_ request: Request, from caller: Caller, with services: Services) async throws -> Response
}

/// What all endpoints of a listener share.
package struct EndpointEnvironment: Sendable {
    package let authenticators: Authenticators
    package let rateLimiter: any RateLimiter

    package init(authenticators: Authenticators, rateLimiter: any RateLimiter = UnlimitedRate()) {
        self.authenticators = authenticators
        self.rateLimiter = rateLimiter
    }
}

extension Endpoint {
    /// The endpoint at work.
    package static func served(with services: Services, in environment: EndpointEnvironment) -> ServedEndpoint {
        ServedEndpoint(route: route, callerKind: Caller.kind) { request, parameters in
            try await answer(request, parameters, services, environment)
        }
    }

    private static func answer(
        _ request: ServerRequest, _ parameters: PathParameters, _ services: Services, _ environment: EndpointEnvironment
    ) async throws -> ServerResponse {
        let query = try Query(request.query)
        var body: ByteBuffer?
        var signedBody: JSONDocument?
        if Caller.needsBody {
            let collected = try await collectBody(of: request)
            if collected.readableBytes > 0 { signedBody = try JSONDocument.parseBody(collected) }
            body = collected
        }
        let caller = try await Caller.identify(
            CallerRequest(
                route: route, headers: request.headers, clientAddress: request.clientAddress, query: query,
                target: request.target, signedBody: signedBody),
            with: environment.authenticators)
        if let budget = route.rateLimit, let subject = caller.rateLimitSubject,
            let wait = environment.rateLimiter.wait(for: subject, in: budget)
        {
            throw MatrixError.limitExceeded(retryAfter: wait)
        }
        // The body is read only now, so that strangers do not make us hold megabytes.
        if body == nil { body = try await collectBody(of: request) }
        let decoded = try Request(
            from: RequestInput(
                request: request, parameters: parameters, query: query,
                body: LazyBody(body ?? ByteBuffer(), parsed: signedBody)))
        return try await handle(decoded, from: caller, with: services).encode()
    }

    private static func collectBody(of request: ServerRequest) async throws -> ByteBuffer {
        switch route.body {
        case .json(let maximumBytes), .form(let maximumBytes):
            try await request.body.collect(maximumBytes: maximumBytes)
        case .stream: ByteBuffer()
        }
    }
}
