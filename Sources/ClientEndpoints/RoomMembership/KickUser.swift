package import HTTPAPI
import MatrixCore
import Rooms

/// Removes somebody from a room, or takes their invite back.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidkick
/// - Errors: 403 `M_FORBIDDEN` when the caller's power is too low or the target is not in the room.
package enum KickUser: Endpoint {
    package static let route = Route("kick", .post, "/_matrix/client/v3/rooms/{roomId}/kick", suspended: false)

    package typealias Request = MemberTarget

    package static func handle(
        _ request: MemberTarget, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> EmptyObject {
        let user = try await services.rooms.user(caller.userNID)
        try await services.rooms.kick(request.target, from: request.roomID, by: user, reason: request.reason)
        return EmptyObject()
    }
}
