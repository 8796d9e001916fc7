package import Accounts
package import HTTPAPI
package import MatrixCore

/// Lists the caller's tags on a room.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3useruseridroomsroomidtags
/// - Errors: 403 `M_FORBIDDEN`; 404 `M_NOT_FOUND` for a room that nobody here knows.
package enum GetRoomTags: Endpoint {
    package static let route = Route("getRoomTags", .get, "/_matrix/client/v3/user/{userId}/rooms/{roomId}/tags")

    package static func handle(
        _ request: TagRequest, from caller: LocalUser, with services: AccountServices
    ) async throws -> JSONValue {
        try request.check(caller)
        return try await services.tags.tags(in: request.roomID, of: caller.userNID)
    }
}
