/// An endpoint together with what it works with, of any type: what a router holds.
package struct ServedEndpoint: Sendable {
    typealias Respond = @Sendable (ServerRequest, PathParameters) async throws -> ServerResponse

    package let route: Route
    package let callerKind: CallerKind
    let respond: Respond

    init(route: Route, callerKind: CallerKind, respond: @escaping Respond) {
        self.route = route
        self.callerKind = callerKind
        self.respond = respond
    }

    /// An endpoint of the process itself rather than of an API: its health, its metrics.
    package init(_ route: Route, respond: @escaping @Sendable (ServerRequest) async throws -> ServerResponse) {
        self.init(route: route, callerKind: .anyone) { request, _ in try await respond(request) }
    }

    /// A folder's endpoints, all served with the same services.
    package static func all<Services: Sendable>(
        _ endpoints: [any Endpoint<Services>.Type], with services: Services, in environment: EndpointEnvironment
    ) -> [ServedEndpoint] {
        func serve<Served: Endpoint>(_ endpoint: Served.Type) -> ServedEndpoint where Served.Services == Services {
            endpoint.served(with: services, in: environment)
        }
        return endpoints.map { serve($0) }
    }
}
