package import HTTPAPI
package import MatrixCore

/// Tells other servers where to find us.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#getwell-knownmatrixserver
/// - Errors: 404 `M_NOT_FOUND` when the configuration does not say.
package enum GetWellKnownServer: Endpoint {
    package static let route = Route("getWellKnown", .get, "/.well-known/matrix/server")

    package static func handle(
        _ request: EmptyRequest, from caller: Anyone, with services: DiscoveryServices
    ) async throws -> JSONValue {
        guard let address = services.federationAddress else { throw MatrixError.notFound() }
        return ["m.server": .string(address)]
    }
}
