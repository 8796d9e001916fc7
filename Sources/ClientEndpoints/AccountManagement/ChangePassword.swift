package import Accounts
package import HTTPAPI
package import MatrixCore

/// Changes the caller's password.
///
/// Without an access token there is no way to prove who one is, as long as accounts have no e-mail addresses.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountpassword
/// - Errors: 401 while more authentication is needed; 400 `M_WEAK_PASSWORD`.
package enum ChangePassword: Endpoint {
    package static let route = Route(
        "changePassword", .post, "/_matrix/client/v3/account/password", rateLimit: .requests)

    package struct Request: RequestDecodable {
        let newPassword: String
        let closesOtherDevices: Bool
        let auth: AuthSubmission?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            let fields = try input.fields()
            newPassword = try fields.required("new_password")
            closesOtherDevices = try fields.optional("logout_devices") ?? true
            auth = try AuthSubmission(from: fields)
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUserOrAnyone, with services: AccountServices
    ) async throws -> EmptyObject {
        guard let user = caller.user else { throw MatrixError.missingToken }
        try await services.interactive.authorise(AuthOperation(route, by: user), with: request.auth)
        try await services.lifecycle.changePassword(
            of: user, to: request.newPassword, closesOtherDevices: request.closesOtherDevices)
        return EmptyObject()
    }
}
