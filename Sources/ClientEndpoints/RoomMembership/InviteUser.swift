import Federation
package import HTTPAPI
package import MatrixCore
import Rooms

/// Invites somebody to a room, by their Matrix user or by an address of theirs.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidinvite
/// - Errors: 403 `M_FORBIDDEN` when the caller may not invite, or the target is in the room or banned, `M_INVITE_BLOCKED`; 400
///   `M_INVALID_PARAM` or 502 `M_UNKNOWN` for what the identity server answers.
package enum InviteUser: Endpoint {
    package static let route = Route(
        "inviteUser", .post, "/_matrix/client/v3/rooms/{roomId}/invite", rateLimit: .invites, suspended: false)

    package struct Request: RequestDecodable {
        enum Target: Sendable {
            case user(UserID)
            case address(ThirdPartyInvitation)
        }

        let roomID: RoomID
        let target: Target
        let details: RoomService.MembershipDetails

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            details = RoomService.MembershipDetails(reason: try input.body(optional: "reason"))
            let fields = try input.fields()
            // Somebody who gives a part of an address hears what is missing of it.
            let address: String? = try fields.optional("address")
            let server: String? = try fields.optional("id_server")
            if address == nil, server == nil {
                target = .user(try fields.required("user_id") { UserID($0) })
            } else {
                target = .address(try ThirdPartyInvitation(fields))
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> EmptyObject {
        let user = try await services.rooms.user(caller.userNID)
        switch request.target {
        case .user(let target):
            try await services.rooms.invite(target, to: request.roomID, by: user, details: request.details)
        case .address(let invitation):
            try await services.thirdParty.invite(
                invitation.address, to: request.roomID, by: user, through: invitation.directory,
                details: request.details)
        }
        return EmptyObject()
    }
}
