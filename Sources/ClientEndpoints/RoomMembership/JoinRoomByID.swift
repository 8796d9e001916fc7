package import HTTPAPI
package import MatrixCore
import Rooms

/// Joins a room by its id.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidjoin
/// - Errors: 403 `M_FORBIDDEN` when the caller may not join, `M_GUEST_ACCESS_FORBIDDEN` when only guests may not, 404 `M_NOT_FOUND` when no server that is in the room is known.
package enum JoinRoomByID: Endpoint {
    package static let route = Route(
        "joinRoomById", .post, "/_matrix/client/v3/rooms/{roomId}/join", rateLimit: .joins, guests: true,
        suspended: false)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let details: RoomService.MembershipDetails
        let proof: ThirdPartySigned?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            details = try RoomService.MembershipDetails(entering: input)
            proof = try ThirdPartySigned(input.fields())
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> JoinedRoom {
        let roomID = request.roomID
        let user = try await services.rooms.user(caller.userNID)
        try await services.redeem(request.proof, by: caller, in: roomID)
        try await services.rooms.join(roomID, as: user, details: request.details.of(caller))
        return JoinedRoom(roomID: roomID)
    }
}
