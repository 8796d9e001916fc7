package import Accounts
package import HTTPAPI
package import MatrixCore

/// Tells whether a name can be registered.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3registeravailable
/// - Errors: 400 `M_USER_IN_USE`, `M_INVALID_USERNAME`.
package enum CheckUsernameAvailability: Endpoint {
    package static let route = Route(
        "checkUsernameAvailability", .get, "/_matrix/client/v3/register/available", rateLimit: .requests)

    package struct Request: RequestDecodable {
        let username: String

        package init(from input: borrowing RequestInput) throws(MatrixError) { username = try input.query("username") }
    }

    package static func handle(
        _ request: Request, from caller: Anyone, with services: AccountServices
    ) async throws -> JSONValue {
        _ = try await services.registration.available(request.username)
        return ["available": true]
    }
}
