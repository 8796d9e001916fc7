package import Accounts
package import HTTPAPI
import MatrixCore

/// Sets a type of the caller's account data of a room.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3useruseridroomsroomidaccount_datatype
/// - Errors: 403 `M_FORBIDDEN`; 405 `M_BAD_JSON` for a type that the server manages.
package enum SetAccountDataPerRoom: Endpoint {
    package static let route = Route(
        "setAccountDataPerRoom", .put, "/_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}")

    package static func handle(
        _ request: NewAccountDataRequest, from caller: LocalUser, with services: AccountServices
    ) async throws -> EmptyObject {
        let target = request.target
        try target.check(caller)
        try await services.accountData.set(target.type, in: target.roomID, of: caller.userNID, to: request.content)
        return EmptyObject()
    }
}
