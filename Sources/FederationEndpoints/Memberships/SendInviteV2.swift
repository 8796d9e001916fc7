import Federation
package import FederationAPI
package import HTTPAPI
package import MatrixCore

/// Invites a user of ours.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2inviteroomideventid
/// - Errors: 400 `M_INCOMPATIBLE_ROOM_VERSION`, 400 `M_INVALID_PARAM` or `M_BAD_JSON` for anything but an invite of a user of
///   ours, 403 `M_FORBIDDEN` for a bad signature or a server that the room keeps out, `M_INVITE_BLOCKED`, 404 `M_NOT_FOUND` for an unknown user.
package enum SendInviteV2: Endpoint {
    package static let route = Route(
        "sendInviteV2", .put, "/_matrix/federation/v2/invite/{roomId}/{eventId}", rateLimit: .federation)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let eventID: EventID
        let invite: Invite

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            eventID = try input.path("eventId", { EventID($0) })
            invite = try Invite(input.fields())
        }
    }

    package static func handle(
        _ request: Request, from caller: RemoteServer, with services: FederatedMembershipServices
    ) async throws -> Invite.Response {
        let event = try await services.invites.accept(
            request.invite, roomID: request.roomID, eventID: request.eventID, from: caller.serverName)
        return Invite.Response(event: event.bytes)
    }
}
