package import HTTPAPI
import MatrixCore
import Rooms

/// Leaves a room, refuses an invite, or takes a knock back.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidleave
/// - Errors: 403 `M_FORBIDDEN` when the caller never had to do with the room, or is banned.
package enum LeaveRoom: Endpoint {
    package static let route = Route(
        "leaveRoom", .post, "/_matrix/client/v3/rooms/{roomId}/leave", rateLimit: .requests, guests: true)

    package typealias Request = RoomAndReason

    package static func handle(
        _ request: RoomAndReason, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> EmptyObject {
        let user = try await services.rooms.user(caller.userNID)
        try await services.rooms.leave(
            request.roomID, as: user, details: RoomService.MembershipDetails(reason: request.reason))
        return EmptyObject()
    }
}
