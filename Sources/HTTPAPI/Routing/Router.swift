import HTTPTypes
import MatrixCore
package import Telemetry

/// Answers requests: finds the endpoint, and turns whatever it throws into an answer. It knows no server.
package struct Router: Sendable {
    private let endpoints: [ServedEndpoint]
    private let trie: RouteTrie
    private let log: Log
    private let clock: any Clock
    private let requestIDs: RequestIDs
    private let metrics: RequestMetrics

    /// - Throws: `RouterError` when two endpoints have the same method and path.
    package init(_ endpoints: [ServedEndpoint], telemetry: Telemetry) throws(RouterError) {
        self.endpoints = endpoints
        trie = try RouteTrie(endpoints.map(\.route))
        log = telemetry.log.labelled("http")
        clock = telemetry.clock
        requestIDs = RequestIDs(random: telemetry.random)
        metrics = RequestMetrics(telemetry.metrics, operations: endpoints.map(\.route.operation))
    }

    /// The routes that are served, with who may call them.
    package var routes: [(route: Route, callerKind: CallerKind)] { endpoints.map { ($0.route, $0.callerKind) } }

    /// The answer to a request, which may be an error. It ends when the endpoint does, not when a stream is sent.
    package func respond(to request: ServerRequest) async -> ServerResponse {
        let started = clock.monotonic
        metrics.requestBegan()
        let (operation, response) = await dispatch(request)
        let duration = clock.monotonic - started
        metrics.requestEnded(operation, status: response.status.code, after: duration)
        log.debug(
            "request",
            [
                .operation: operation.map { endpoints[$0].route.operation } ?? "none",
                .method: request.method.rawValue, .path: request.path, .status: "\(response.status.code)",
                .milliseconds: "\(duration.wholeMilliseconds)", .clientAddress: request.clientAddress,
            ])
        return response
    }

    private func dispatch(_ request: ServerRequest) async -> (operation: Int?, response: ServerResponse) {
        if request.method == .options { return (nil, StandardHeaders.preflight(for: request.path)) }
        // An answer to HEAD is that to GET without its body.
        let method = request.method == .head ? .get : RouteMethod(rawValue: request.method.rawValue)
        var operation: Int?
        var response: ServerResponse
        switch trie.match(method, request.path) {
        case .none: response = MatrixError.unrecognized().response
        case .otherMethods(let methods):
            response = MatrixError.unrecognized(status: 405).response
            response.headers[.allow] = (methods.map(\.rawValue) + ["OPTIONS"]).joined(separator: ", ")
        case .found(let index, let parameters):
            operation = index
            response = await run(endpoints[index], request, parameters)
        }
        StandardHeaders.add(to: &response, for: request.path)
        if request.method == .head { response = response.withoutBody() }
        return (operation, response)
    }

    private func run(
        _ endpoint: ServedEndpoint, _ request: ServerRequest, _ parameters: PathParameters
    ) async -> ServerResponse {
        do {
            return try await endpoint.respond(request, parameters)
        } catch let error as any MatrixErrorRepresentable {
            return error.matrixError.response
        } catch is CancellationError {
            // Only who has gone or a server that stops cancels a request; nobody reads the answer.
            return MatrixError(.unknown, "The request was cancelled", status: 503).response
        } catch {
            let requestID = requestIDs.next()
            log.error(
                "request failed",
                [
                    .operation: endpoint.route.operation, .method: request.method.rawValue, .path: request.path,
                    .requestID: requestID, .cause: String(reflecting: error),
                ])
            var response = MatrixError.internalError.response
            response.headers[.requestID] = requestID
            return response
        }
    }
}

extension ServerResponse {
    /// The head alone, which still tells how long the body would be.
    fileprivate func withoutBody() -> ServerResponse {
        var head = self
        if let length = announcedBytes { head.headers[.contentLength] = String(length) }
        head.body = .empty
        return head
    }
}
