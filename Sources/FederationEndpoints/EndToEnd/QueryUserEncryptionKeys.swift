import Encryption
package import HTTPAPI
package import MatrixCore

/// The keys of users of this server.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#post_matrixfederationv1userkeysquery
/// - Errors: 400 `M_MISSING_PARAM`, `M_BAD_JSON`; 400 `M_INVALID_PARAM` for users of other servers.
package enum QueryUserEncryptionKeys: Endpoint {
    package static let route = Route(
        "queryUserEncryptionKeys", .post, "/_matrix/federation/v1/user/keys/query", rateLimit: .federation)

    package struct Request: RequestDecodable {
        let query: KeyQuery

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            query = try KeyQuery(try input.body("device_keys"))
        }
    }

    package struct Response: JSONResponse {
        let keys: [UserID: UserKeys]

        package var expectedBytes: Int { keys.values.reduce(256) { $0 + $1.byteCount } }

        package func write(to json: inout JSONWriter) { json.object { UserKeys.write(keys, to: &$0) } }
    }

    package static func handle(
        _ request: Request, from caller: RemoteServer, with services: FederatedKeyServices
    ) async throws -> Response {
        Response(
            keys: try await services.queries.answerOfOurs(request.query, namesDevices: services.namesDevices))
    }
}
