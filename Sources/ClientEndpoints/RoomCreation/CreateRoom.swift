import Federation
package import HTTPAPI
package import MatrixCore
import Rooms

/// Creates a room.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom
/// - Errors: 403 `M_FORBIDDEN` for who may not publish rooms and wants to; 400 `M_ROOM_IN_USE`, `M_UNSUPPORTED_ROOM_VERSION`, `M_INVALID_ROOM_STATE`, `M_BAD_JSON`.
package enum CreateRoom: Endpoint {
    package static let route = Route(
        "createRoom", .post, "/_matrix/client/v3/createRoom", rateLimit: .joins, suspended: false)

    package struct Request: RequestDecodable {
        /// With the version left to the server when the client names none.
        let creation: @Sendable (RoomVersion) -> RoomCreation
        let invitations: [ThirdPartyInvitation]

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            let fields = try input.fields()
            creation = try RoomCreation.reading(fields)
            invitations = try ThirdPartyInvitation.list(fields, "invite_3pid")
            guard invitations.count <= RoomService.maxInitialInvites else { throw .invalidParam("Too many invites") }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> JoinedRoom {
        let user = try await services.rooms.user(caller.userNID)
        let creation = request.creation(services.defaultVersion)
        guard !creation.isPublished || services.aliases.permitsPublishing(isAdministrator: caller.isAdministrator)
        else {
            throw MatrixError.forbidden("You may not publish rooms")
        }
        let roomID = try await services.rooms.create(creation, by: user, aliases: services.aliases)
        for invitation in request.invitations {
            // As with other invites, the room is there already.
            try? await services.thirdParty.invite(
                invitation.address, to: roomID, by: user, through: invitation.directory,
                details: RoomService.MembershipDetails(extra: creation.isDirect ? ["is_direct": true] : [:]))
        }
        return JoinedRoom(roomID: roomID)
    }
}
