package import Accounts
package import HTTPAPI
package import MatrixCore

/// Exchanges a refresh token for new tokens.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3refresh
/// - Errors: 401 `M_UNKNOWN_TOKEN`, `M_USER_LOCKED`.
package enum Refresh: Endpoint {
    package static let route = Route("refresh", .post, "/_matrix/client/v3/refresh", rateLimit: .requests)

    package struct Request: RequestDecodable {
        let refreshToken: String

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            refreshToken = try input.body("refresh_token")
        }
    }

    package struct Response: JSONResponse {
        let tokens: IssuedTokens

        package func write(to json: inout JSONWriter) { json.object { tokens.write(to: &$0) } }
    }

    package static func handle(
        _ request: Request, from caller: Anyone, with services: AccountServices
    ) async throws -> Response {
        Response(tokens: try await services.devices.refresh(request.refreshToken))
    }
}
