import Federation
package import HTTPAPI
import MatrixCore

/// Takes a user of the calling server into a room.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2send_joinroomideventid
/// - Errors: 400 `M_INVALID_PARAM` or `M_BAD_JSON` for anything but such a join, 403 `M_FORBIDDEN` when the room does not let
///   the user in, 404 `M_NOT_FOUND` when we are not in the room; those of `MakeJoin` for restricted rooms.
/// - Cost: the state of the room and what authorises it, read while it is sent.
package enum SendJoinV2: Endpoint {
    package static let route = Route(
        "sendJoinV2", .put, "/_matrix/federation/v2/send_join/{roomId}/{eventId}", rateLimit: .federation)

    package typealias Request = PlacedEvent

    package static func handle(
        _ request: PlacedEvent, from caller: RemoteServer, with services: FederatedMembershipServices
    ) async throws -> ServerResponse {
        try await services.resident.join(request.request(.join), from: caller.serverName).response()
    }
}
