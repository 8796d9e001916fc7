package import Accounts
package import HTTPAPI

/// Ends the caller's access token and device.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3logout
package enum Logout: Endpoint {
    package static let route = Route("logout", .post, "/_matrix/client/v3/logout", guests: true)

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUser, with services: AccountServices
    ) async throws -> EmptyObject {
        try await services.devices.logOut(caller)
        return EmptyObject()
    }
}
