package import HTTPAPI
import MatrixCore
import Rooms

/// Joins a room by its id or an alias, through other servers when need be.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3joinroomidoralias
/// - Errors: 403 `M_FORBIDDEN` when the caller may not join, `M_GUEST_ACCESS_FORBIDDEN` when only guests may not, 404 `M_NOT_FOUND` when no server that is in the room is known.
package enum JoinRoom: Endpoint {
    package static let route = Route(
        "joinRoom", .post, "/_matrix/client/v3/join/{roomIdOrAlias}", rateLimit: .joins, guests: true, suspended: false)

    package typealias Request = RoomEntry

    package static func handle(
        _ request: RoomEntry, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> JoinedRoom {
        let (roomID, servers) = try await services.resolve(request.room, via: request.servers)
        let user = try await services.rooms.user(caller.userNID)
        try await services.redeem(request.proof, by: caller, in: roomID)
        try await services.rooms.join(roomID, as: user, via: servers, details: request.details.of(caller))
        return JoinedRoom(roomID: roomID)
    }
}
