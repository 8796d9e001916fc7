import Accounts
package import HTTPAPI
package import MatrixCore

/// Gives out a nonce for a registration by shared secret.
///
/// - Spec: https://element-hq.github.io/synapse/latest/admin_api/register_api.html
/// - Errors: 400 `M_UNKNOWN` when the configuration has no shared secret.
package enum GetRegistrationNonce: Endpoint {
    package static let route = Route("getRegistrationNonce", .get, "/_synapse/admin/v1/register")

    package static func handle(
        _ request: EmptyRequest, from caller: Anyone, with services: AdminServices
    ) async throws -> JSONValue {
        guard let sharedSecret = services.sharedSecret else { throw MatrixError.noSharedSecret }
        return ["nonce": .string(try sharedSecret.nonce())]
    }
}

extension MatrixError {
    static var noSharedSecret: MatrixError {
        MatrixError(.unknown, "Shared secret registration is not enabled", status: 400)
    }
}
