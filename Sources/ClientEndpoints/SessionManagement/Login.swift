package import Accounts
package import HTTPAPI
package import MatrixCore

/// Logs a user in.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3login
/// - Errors: 403 `M_FORBIDDEN` for a wrong name or password; 401 `M_USER_LOCKED`; 400 `M_UNKNOWN` for another type of login.
package enum Login: Endpoint {
    package static let route = Route("login", .post, "/_matrix/client/v3/login", rateLimit: .logins)

    static let passwordType = "m.login.password"

    package struct Request: RequestDecodable {
        let identifier: LoginIdentifier
        let password: String
        let device: DeviceRequest

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            let fields = try input.fields()
            guard try fields.required("type", as: String.self) == passwordType else {
                throw MatrixError(.unknown, "Unknown login type", status: 400)
            }
            guard let identifier = try LoginIdentifier(from: fields) else { throw .missingParam("identifier") }
            self.identifier = identifier
            password = try fields.required("password")
            device = try DeviceRequest(
                deviceID: try fields.optional("device_id"),
                displayName: try fields.optional("initial_device_display_name"),
                wantsRefreshToken: try fields.optional("refresh_token") ?? false, address: input.clientAddress)
        }
    }

    package static func handle(
        _ request: Request, from caller: Anyone, with services: AccountServices
    ) async throws -> SessionResponse {
        let session = try await services.login.logIn(
            request.identifier, password: request.password, device: request.device)
        return SessionResponse(userID: session.userID, session: session, baseURL: services.publicBaseURL)
    }
}
