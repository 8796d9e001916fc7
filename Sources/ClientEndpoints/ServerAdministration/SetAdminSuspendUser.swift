package import Accounts
package import HTTPAPI
package import MatrixCore

/// Suspends an account, or ends that.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv1adminsuspenduserid
/// - Errors: 403 `M_FORBIDDEN` to who is no administrator, and for oneself or another administrator; 404 `M_NOT_FOUND`;
///   400 `M_INVALID_PARAM`.
package enum SetAdminSuspendUser: AccountFlagSetter {
    package static let route = Route(
        "setAdminSuspendUser", .put, "/_matrix/client/v1/admin/suspend/{userId}")

    package static let flag = "suspended"

    package static func set(_ isSet: Bool, for user: UserID, with services: AccountServices) async throws {
        try await services.lifecycle.setSuspended(isSet, user)
    }
}
