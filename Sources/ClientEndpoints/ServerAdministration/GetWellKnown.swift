package import HTTPAPI
package import MatrixCore

/// Tells clients where the API is.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#getwell-knownmatrixclient
/// - Errors: 404 `M_NOT_FOUND` when the configuration does not say.
package enum GetWellKnown: Endpoint {
    package static let route = Route("getWellknown", .get, "/.well-known/matrix/client")

    package static func handle(
        _ request: EmptyRequest, from caller: Anyone, with services: DiscoveryServices
    ) async throws -> JSONValue {
        guard let url = services.publicBaseURL else { throw MatrixError.notFound() }
        return ["m.homeserver": ["base_url": .string(url)]]
    }
}
