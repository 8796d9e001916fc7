package import Accounts
package import HTTPAPI
package import MatrixCore

/// Tells whoever has been given a token by a user who that user is.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1openiduserinfo
/// - Errors: 401 `M_UNKNOWN_TOKEN` when nobody had it given or it has expired, `M_MISSING_TOKEN`.
package enum ExchangeOpenIDToken: Endpoint {
    package static let route = Route("exchangeOpenIdToken", .get, "/_matrix/federation/v1/openid/userinfo")

    package struct Request: RequestDecodable {
        let token: String

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            guard let token = input.query(optional: "access_token"), !token.isEmpty else { throw .missingToken }
            self.token = token
        }
    }

    package static func handle(
        _ request: Request, from caller: Anyone, with services: OpenIDTokens
    ) async throws -> JSONValue {
        ["sub": .string(try await services.owner(of: request.token).description)]
    }
}
