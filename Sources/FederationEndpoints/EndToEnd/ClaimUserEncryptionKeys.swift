import Encryption
package import HTTPAPI
package import MatrixCore

/// Gives a one-time key of each of some devices of users of this server.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#post_matrixfederationv1userkeysclaim
/// - Errors: 400 `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`.
package enum ClaimUserEncryptionKeys: Endpoint {
    package static let route = Route(
        "claimUserEncryptionKeys", .post, "/_matrix/federation/v1/user/keys/claim", rateLimit: .federation)

    package struct Request: RequestDecodable {
        let wishes: [UserID: [String: String]]

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            wishes = try KeyClaims.wishes(try input.body("one_time_keys"))
        }
    }

    package struct Response: JSONResponse {
        let answer: KeyClaimAnswer

        package func write(to json: inout JSONWriter) { json.object { answer.writeKeys(to: &$0) } }
    }

    package static func handle(
        _ request: Request, from caller: RemoteServer, with services: FederatedKeyServices
    ) async throws -> Response {
        Response(answer: try await services.claims.claimOfOurs(request.wishes))
    }
}
