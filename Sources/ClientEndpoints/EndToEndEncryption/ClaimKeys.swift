import Encryption
package import HTTPAPI
package import MatrixCore

/// Takes a one-time key of each of some devices.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysclaim
/// - Errors: 400 `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`. Servers that do not answer stand among the failures.
package enum ClaimKeys: Endpoint {
    package static let route = Route("claimKeys", .post, "/_matrix/client/v3/keys/claim", guests: true)

    package struct Request: RequestDecodable {
        let wishes: [UserID: [String: String]]
        let timeout: Duration

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            let fields = try input.fields()
            wishes = try KeyClaims.wishes(try fields.required("one_time_keys"))
            timeout = try fields.keyTimeout()
        }
    }

    package struct Response: JSONResponse {
        let answer: KeyClaimAnswer

        package func write(to json: inout JSONWriter) {
            json.object { json in
                answer.writeKeys(to: &json)
                json.field(failures: answer.failures)
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: EncryptionEndpointServices
    ) async throws -> Response {
        Response(answer: try await services.claims.claim(request.wishes, within: request.timeout))
    }
}
