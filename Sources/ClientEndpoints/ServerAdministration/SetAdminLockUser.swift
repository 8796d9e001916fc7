package import Accounts
package import HTTPAPI
package import MatrixCore

/// Locks an account, or lets it in again.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv1adminlockuserid
/// - Errors: 403 `M_FORBIDDEN` to who is no administrator, and for oneself or another administrator; 404 `M_NOT_FOUND`;
///   400 `M_INVALID_PARAM`.
package enum SetAdminLockUser: AccountFlagSetter {
    package static let route = Route(
        "setAdminLockUser", .put, "/_matrix/client/v1/admin/lock/{userId}")

    package static let flag = "locked"

    package static func set(_ isSet: Bool, for user: UserID, with services: AccountServices) async throws {
        try await services.lifecycle.setLocked(isSet, user)
    }
}
