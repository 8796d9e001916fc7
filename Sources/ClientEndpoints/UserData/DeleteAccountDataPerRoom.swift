package import Accounts
package import HTTPAPI
import MatrixCore

/// Removes a type of the caller's account data of a room. Not in the specification yet: MSC3391.
///
/// - Errors: 403 `M_FORBIDDEN`; 405 `M_BAD_JSON` for a type that the server manages.
package enum DeleteAccountDataPerRoom: Endpoint {
    package static let route = Route(
        "deleteAccountDataPerRoom", .delete,
        "/_matrix/client/unstable/org.matrix.msc3391/user/{userId}/rooms/{roomId}/account_data/{type}")

    package static func handle(
        _ request: AccountDataRequest, from caller: LocalUser, with services: AccountServices
    ) async throws -> EmptyObject {
        try request.check(caller)
        try await services.accountData.delete(request.type, in: request.roomID, of: caller.userNID)
        return EmptyObject()
    }
}
