package import HTTPAPI
import MatrixCore
import Rooms

/// Bans somebody from a room.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidban
/// - Errors: 403 `M_FORBIDDEN` when the caller's power is too low.
package enum BanUser: Endpoint {
    package static let route = Route("ban", .post, "/_matrix/client/v3/rooms/{roomId}/ban", suspended: false)

    package typealias Request = MemberTarget

    package static func handle(
        _ request: MemberTarget, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> EmptyObject {
        let user = try await services.rooms.user(caller.userNID)
        try await services.rooms.ban(request.target, from: request.roomID, by: user, reason: request.reason)
        return EmptyObject()
    }
}
