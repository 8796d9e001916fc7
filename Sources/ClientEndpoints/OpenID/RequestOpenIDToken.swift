import Accounts
package import HTTPAPI
package import MatrixCore

/// Gives the caller a token that proves to others who the caller is.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3useruseridopenidrequest_token
/// - Errors: 403 `M_FORBIDDEN` for somebody else.
package enum RequestOpenIDToken: Endpoint {
    package static let route = Route(
        "requestOpenIdToken", .post, "/_matrix/client/v3/user/{userId}/openid/request_token", rateLimit: .requests)

    package struct Request: RequestDecodable {
        let user: OwnUser

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            user = try OwnUser(from: input)
            // Empty today; what is no object is refused all the same.
            _ = try input.fields()
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: CredentialServices
    ) async throws -> JSONValue {
        try request.user.check(caller)
        return [
            "access_token": .string(try await services.openID.issue(for: caller)), "token_type": "Bearer",
            "matrix_server_name": .string(caller.userID.serverName.description),
            "expires_in": .integer(OpenIDTokens.lifetime.components.seconds),
        ]
    }
}
