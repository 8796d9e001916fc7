package import Accounts
package import HTTPAPI
package import MatrixCore

/// Makes an account.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3register
/// - Errors: 401 while more authentication is needed; 400 `M_USER_IN_USE`, `M_INVALID_USERNAME`; 403 where registration is
///   not open, or the guest's token is not that of the guest with that name.
package enum Register: Endpoint {
    package static let route = Route("register", .post, "/_matrix/client/v3/register", rateLimit: .registrations)

    package struct Request: RequestDecodable {
        let isGuest: Bool
        let registration: RegistrationRequest

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            isGuest = try input.query(optional: "kind") { ["guest": true, "user": false][$0] } ?? false
            let fields = try input.fields()
            var registration = RegistrationRequest(
                username: try fields.optional("username"), password: try fields.optional("password"),
                deviceID: try fields.optional("device_id"),
                displayName: try fields.optional("initial_device_display_name"),
                inhibitsLogin: try fields.optional("inhibit_login"),
                wantsRefreshToken: try fields.optional("refresh_token"), auth: try AuthSubmission(from: fields),
                address: input.clientAddress)
            registration.guestAccessToken = try fields.optional("guest_access_token")
            self.registration = registration
        }
    }

    package static func handle(
        _ request: Request, from caller: Anyone, with services: AccountServices
    ) async throws -> SessionResponse {
        let account =
            request.isGuest
            ? try await services.registration.registerGuest(
                displayName: request.registration.displayName, address: caller.clientAddress)
            : try await services.registration.register(request.registration)
        return SessionResponse(userID: account.userID, session: account.session)
    }
}
