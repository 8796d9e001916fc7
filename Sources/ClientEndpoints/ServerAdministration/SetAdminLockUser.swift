package import Accounts
package import HTTPAPI
package import MatrixCore

/// Locks an account, or lets it in again.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv1adminlockuserid
/// - Errors: 403 `M_FORBIDDEN` to who is no administrator, and for oneself or another administrator; 404 `M_NOT_FOUND`;
///   400 `M_INVALID_PARAM`.
package enum SetAdminLockUser: Endpoint {
    package static let route = Route(
        "setAdminLockUser", .put, "/_matrix/client/v1/admin/lock/{userId}")

    package struct Request: RequestDecodable {
        let target: ModeratedUser
        let isLocked: Bool

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            target = try ModeratedUser(from: input)
            isLocked = try input.body("locked")
        }
    }

    package static func handle(
        _ request: Request, from caller: Administrator, with services: AccountServices
    ) async throws -> JSONValue {
        try await services.lifecycle.setLocked(request.isLocked, request.target.userID)
        return ["locked": .bool(request.isLocked)]
    }
}
