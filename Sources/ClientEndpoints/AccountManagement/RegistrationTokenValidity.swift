package import Accounts
package import HTTPAPI
package import MatrixCore

/// Tells whether a registration token could be used now.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1registermloginregistration_tokenvalidity
/// - Errors: 403 `M_FORBIDDEN` where one cannot register with a token.
package enum RegistrationTokenValidity: Endpoint {
    package static let route = Route(
        "registrationTokenValidity", .get, "/_matrix/client/v1/register/m.login.registration_token/validity",
        rateLimit: .registrations)

    package struct Request: RequestDecodable {
        let token: String

        package init(from input: borrowing RequestInput) throws(MatrixError) { token = try input.query("token") }
    }

    package static func handle(
        _ request: Request, from caller: Anyone, with services: AccountServices
    ) async throws -> JSONValue {
        ["valid": .bool(try await services.registration.isUsable(registrationToken: request.token))]
    }
}
