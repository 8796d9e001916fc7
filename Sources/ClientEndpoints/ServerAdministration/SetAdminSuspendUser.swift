package import Accounts
package import HTTPAPI
package import MatrixCore

/// Suspends an account, or ends that.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv1adminsuspenduserid
/// - Errors: 403 `M_FORBIDDEN` to who is no administrator, and for oneself or another administrator; 404 `M_NOT_FOUND`;
///   400 `M_INVALID_PARAM`.
package enum SetAdminSuspendUser: Endpoint {
    package static let route = Route(
        "setAdminSuspendUser", .put, "/_matrix/client/v1/admin/suspend/{userId}")

    package struct Request: RequestDecodable {
        let target: ModeratedUser
        let isSuspended: Bool

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            target = try ModeratedUser(from: input)
            isSuspended = try input.body("suspended")
        }
    }

    package static func handle(
        _ request: Request, from caller: Administrator, with services: AccountServices
    ) async throws -> JSONValue {
        try await services.lifecycle.setSuspended(request.isSuspended, request.target.userID)
        return ["suspended": .bool(request.isSuspended)]
    }
}
