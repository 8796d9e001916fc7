package import HTTPAPI
import MatrixCore
import Rooms

/// Takes a room that the caller has left out of their lists.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidforget
/// - Errors: 400 `M_UNKNOWN` while the caller is in the room.
package enum ForgetRoom: Endpoint {
    package static let route = Route(
        "forgetRoom", .post, "/_matrix/client/v3/rooms/{roomId}/forget", rateLimit: .requests, guests: true)

    package typealias Request = RoomAndReason

    package static func handle(
        _ request: RoomAndReason, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> EmptyObject {
        let user = try await services.rooms.user(caller.userNID)
        try await services.rooms.forget(request.roomID, as: user)
        return EmptyObject()
    }
}
