import Federation
package import FederationAPI
package import HTTPAPI
import MatrixCore

/// Lets a user of the calling server knock at a room.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv1send_knockroomideventid
/// - Errors: 400 `M_INVALID_PARAM` or `M_BAD_JSON` for anything but such a knock, 403 `M_FORBIDDEN` when the room does not let
///   the user knock, 404 `M_NOT_FOUND` when we are not in the room.
package enum SendKnock: Endpoint {
    package static let route = Route(
        "sendKnock", .put, "/_matrix/federation/v1/send_knock/{roomId}/{eventId}", rateLimit: .federation)

    package typealias Request = PlacedEvent

    package static func handle(
        _ request: PlacedEvent, from caller: RemoteServer, with services: FederatedMembershipServices
    ) async throws -> KnockAnswer.Response {
        let state = try await services.resident.knock(request.request(.knock), from: caller.serverName)
        return KnockAnswer.Response(state: state.map(\.bytes))
    }
}
