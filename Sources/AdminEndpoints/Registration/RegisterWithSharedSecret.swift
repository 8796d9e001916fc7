import Accounts
package import HTTPAPI
package import MatrixCore

/// Makes an account for whoever knows the shared secret.
///
/// - Spec: https://element-hq.github.io/synapse/latest/admin_api/register_api.html
/// - Errors: 400 for an unknown nonce, 403 for a wrong `mac`, 400 `M_USER_IN_USE`, `M_INVALID_USERNAME`.
package enum RegisterWithSharedSecret: Endpoint {
    package static let route = Route("registerWithSharedSecret", .post, "/_synapse/admin/v1/register")

    package struct Request: RequestDecodable {
        let registration: SharedSecretRegistration.Request

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            let fields = try input.fields()
            registration = SharedSecretRegistration.Request(
                nonce: try fields.required("nonce"), username: try fields.required("username"),
                displayName: try fields.optional("displayname"), password: try fields.required("password"),
                isAdministrator: try fields.optional("admin") ?? false, userType: try fields.optional("user_type"),
                mac: try fields.required("mac"), inhibitsLogin: try fields.optional("inhibit_login") ?? false,
                address: input.clientAddress)
        }
    }

    package struct Response: JSONResponse {
        let account: RegisteredAccount

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("user_id", account.userID)
                json.field("home_server", account.userID.serverName)
                json.field(optional: "access_token", account.session?.tokens.accessToken)
                json.field(optional: "device_id", account.session?.deviceID)
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: Anyone, with services: AdminServices
    ) async throws -> Response {
        guard let sharedSecret = services.sharedSecret else { throw MatrixError.noSharedSecret }
        return Response(account: try await sharedSecret.register(request.registration))
    }
}
