import Encryption
package import HTTPAPI
package import MatrixCore

/// The keys of users and their devices.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysquery
/// - Errors: 400 `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`. Servers that do not answer stand among the failures.
package enum QueryKeys: Endpoint {
    package static let route = Route("queryKeys", .post, "/_matrix/client/v3/keys/query", guests: true)

    package struct Request: RequestDecodable {
        let query: KeyQuery

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            let fields = try input.fields()
            query = try KeyQuery(try fields.required("device_keys"), timeout: try fields.keyTimeout())
        }
    }

    package struct Response: JSONResponse {
        let answer: KeyQueryAnswer

        package var expectedBytes: Int { answer.keys.values.reduce(256) { $0 + $1.byteCount } }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                UserKeys.write(answer.keys, to: &json)
                json.field(failures: answer.failures)
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: EncryptionEndpointServices
    ) async throws -> Response {
        Response(answer: try await services.queries.answer(request.query, for: caller.userNID))
    }
}
