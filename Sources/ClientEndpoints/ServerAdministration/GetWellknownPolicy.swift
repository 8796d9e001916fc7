package import HTTPAPI
package import MatrixCore

/// Tells the key of the policy server that has this server's name. The policy server itself is another program.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#getwell-knownmatrixpolicy_server
/// - Errors: 404 `M_NOT_FOUND` when there is none.
package enum GetWellknownPolicy: Endpoint {
    package static let route = Route("getWellknownPolicy", .get, "/.well-known/matrix/policy_server")

    package static func handle(
        _ request: EmptyRequest, from caller: Anyone, with services: DiscoveryServices
    ) async throws -> JSONValue {
        guard let key = services.policyServerKey else { throw MatrixError.notFound() }
        return ["public_keys": ["ed25519": .string(key)]]
    }
}
