package import Accounts
package import HTTPAPI
import MatrixCore

/// Removes one of the caller's tags from a room.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3useruseridroomsroomidtagstag
/// - Errors: 403 `M_FORBIDDEN`.
package enum DeleteRoomTag: Endpoint {
    package static let route = Route(
        "deleteRoomTag", .delete, "/_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}")

    package static func handle(
        _ request: TagRequest, from caller: LocalUser, with services: AccountServices
    ) async throws -> EmptyObject {
        try request.check(caller)
        try await services.tags.remove(request.tag, in: request.roomID, of: caller.userNID)
        return EmptyObject()
    }
}
