package import HTTPAPI
import MatrixCore
import Rooms

/// Lifts a ban.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidunban
/// - Errors: 403 `M_FORBIDDEN` when the caller's power is too low or the target is not banned.
package enum UnbanUser: Endpoint {
    package static let route = Route("unban", .post, "/_matrix/client/v3/rooms/{roomId}/unban", suspended: false)

    package typealias Request = MemberTarget

    package static func handle(
        _ request: MemberTarget, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> EmptyObject {
        let user = try await services.rooms.user(caller.userNID)
        try await services.rooms.unban(request.target, from: request.roomID, by: user, reason: request.reason)
        return EmptyObject()
    }
}
