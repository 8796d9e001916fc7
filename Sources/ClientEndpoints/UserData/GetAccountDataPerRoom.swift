package import Accounts
package import HTTPAPI
import MatrixCore

/// Tells a type of the caller's account data of a room.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3useruseridroomsroomidaccount_datatype
/// - Errors: 404 `M_NOT_FOUND`; 403 `M_FORBIDDEN`.
package enum GetAccountDataPerRoom: Endpoint {
    package static let route = Route(
        "getAccountDataPerRoom", .get, "/_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}")

    package static func handle(
        _ request: AccountDataRequest, from caller: LocalUser, with services: AccountServices
    ) async throws -> RawJSON {
        try request.check(caller)
        return RawJSON(try await services.accountData.content(request.type, in: request.roomID, of: caller.userNID))
    }
}
