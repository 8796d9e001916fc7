package import Accounts
package import HTTPAPI
package import MatrixCore

/// Tells whether an account is suspended.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1adminsuspenduserid
/// - Errors: 403 `M_FORBIDDEN` to who is no administrator; 404 `M_NOT_FOUND`; 400 `M_INVALID_PARAM`.
package enum GetAdminSuspendUser: Endpoint {
    package static let route = Route(
        "getAdminSuspendUser", .get, "/_matrix/client/v1/admin/suspend/{userId}")

    package static func handle(
        _ request: ModeratedUser, from caller: Administrator, with services: AccountServices
    ) async throws -> JSONValue {
        ["suspended": .bool(try await services.lifecycle.isSuspended(request.userID))]
    }
}
