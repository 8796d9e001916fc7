package import Accounts
package import HTTPAPI
import MatrixCore

/// Sets a type of the caller's global account data.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3useruseridaccount_datatype
/// - Errors: 403 `M_FORBIDDEN`; 405 `M_BAD_JSON` for a type that the server manages.
package enum SetAccountData: Endpoint {
    package static let route = Route(
        "setAccountData", .put, "/_matrix/client/v3/user/{userId}/account_data/{type}")

    package static func handle(
        _ request: NewAccountDataRequest, from caller: LocalUser, with services: AccountServices
    ) async throws -> EmptyObject {
        let target = request.target
        try target.check(caller)
        try await services.accountData.set(target.type, in: target.roomID, of: caller.userNID, to: request.content)
        return EmptyObject()
    }
}
