package import HTTPAPI
import MatrixCore
import Rooms

/// Asks to be let into a room, by its id or an alias.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3knockroomidoralias
/// - Errors: 403 `M_FORBIDDEN` when the caller may not knock, 404 `M_NOT_FOUND` when no server that is in the room is known.
package enum KnockRoom: Endpoint {
    package static let route = Route(
        "knockRoom", .post, "/_matrix/client/v3/knock/{roomIdOrAlias}", rateLimit: .joins, suspended: false)

    package typealias Request = RoomEntry

    package static func handle(
        _ request: RoomEntry, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> JoinedRoom {
        let (roomID, servers) = try await services.resolve(request.room, via: request.servers)
        let user = try await services.rooms.user(caller.userNID)
        try await services.rooms.knock(roomID, as: user, via: servers, details: request.details)
        return JoinedRoom(roomID: roomID)
    }
}
