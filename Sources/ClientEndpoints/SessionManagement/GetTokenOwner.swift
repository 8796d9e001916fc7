package import Accounts
package import HTTPAPI
package import MatrixCore

/// Tells whose access token it is.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3accountwhoami
package enum GetTokenOwner: Endpoint {
    package static let route = Route(
        "getTokenOwner", .get, "/_matrix/client/v3/account/whoami", rateLimit: .requests, guests: true)

    package struct Response: JSONResponse {
        let owner: LocalUser

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("user_id", owner.userID)
                json.field(optional: "device_id", owner.deviceID)
                json.field("is_guest", owner.isGuest)
            }
        }
    }

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUser, with services: AccountServices
    ) async throws -> Response { Response(owner: caller) }
}
