import Federation
package import HTTPAPI
import MatrixCore

/// Takes a user of the calling server out of a room, or an invite or a knock back.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2send_leaveroomideventid
/// - Errors: 400 `M_INVALID_PARAM` or `M_BAD_JSON` for anything but such a leave, 403 `M_FORBIDDEN` when the rules refuse it,
///   404 `M_NOT_FOUND` when we are not in the room.
package enum SendLeaveV2: Endpoint {
    package static let route = Route(
        "sendLeaveV2", .put, "/_matrix/federation/v2/send_leave/{roomId}/{eventId}", rateLimit: .federation)

    package typealias Request = PlacedEvent

    package static func handle(
        _ request: PlacedEvent, from caller: RemoteServer, with services: FederatedMembershipServices
    ) async throws -> EmptyObject {
        try await services.resident.leave(request.request(.leave), from: caller.serverName)
        return EmptyObject()
    }
}
