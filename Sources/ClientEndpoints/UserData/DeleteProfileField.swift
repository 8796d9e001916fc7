package import Accounts
package import HTTPAPI

/// Removes a field of the caller's profile.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3profileuseridkeyname
/// - Errors: 403 `M_FORBIDDEN`, `M_USER_SUSPENDED`.
package enum DeleteProfileField: Endpoint {
    package static let route = Route(
        "deleteProfileField", .delete, "/_matrix/client/v3/profile/{userId}/{keyName}", rateLimit: .requests,
        guests: true)

    package static func handle(
        _ request: ProfileFieldRequest, from caller: LocalUser, with services: AccountServices
    ) async throws -> EmptyObject {
        try await services.profiles.delete(request.field, of: request.userID, by: caller)
        return EmptyObject()
    }
}
