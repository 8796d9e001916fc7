package import HTTPAPI
import MatrixCore
import Rooms

/// Invites somebody to a room.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidinvite
/// - Errors: 403 `M_FORBIDDEN` when the caller may not invite, or the target is in the room or banned.
package enum InviteUser: Endpoint {
    package static let route = Route(
        "inviteUser", .post, "/_matrix/client/v3/rooms/{roomId}/invite", rateLimit: .invites, suspended: false)

    package typealias Request = MemberTarget

    package static func handle(
        _ request: MemberTarget, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> EmptyObject {
        let user = try await services.rooms.user(caller.userNID)
        try await services.rooms.invite(
            request.target, to: request.roomID, by: user,
            details: RoomService.MembershipDetails(reason: request.reason))
        return EmptyObject()
    }
}
