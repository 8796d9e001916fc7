package import Accounts
package import HTTPAPI
package import MatrixCore

/// Tells how one can log in.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3login
package enum GetLoginFlows: Endpoint {
    package static let route = Route("getLoginFlows", .get, "/_matrix/client/v3/login", rateLimit: .requests)

    package struct Response: JSONResponse {
        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.key("flows")
                json.array { $0.object { $0.field("type", Login.passwordType) } }
            }
        }
    }

    package static func handle(
        _ request: EmptyRequest, from caller: Anyone, with services: AccountServices
    ) async throws -> Response { Response() }
}
