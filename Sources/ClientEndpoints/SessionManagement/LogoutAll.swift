package import Accounts
package import HTTPAPI

/// Ends all access tokens and devices of the caller.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3logoutall
package enum LogoutAll: Endpoint {
    package static let route = Route("logout_all", .post, "/_matrix/client/v3/logout/all", guests: true)

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUser, with services: AccountServices
    ) async throws -> EmptyObject {
        try await services.devices.logOutEverywhere(caller)
        return EmptyObject()
    }
}
