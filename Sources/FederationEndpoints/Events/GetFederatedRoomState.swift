import Federation
package import HTTPAPI
import MatrixCore

/// The state of a room before an event, and what authorises it.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1stateroomid
/// - Errors: 403 `M_FORBIDDEN` when the server is not in the room; 404 `M_NOT_FOUND` when the event is not of the room, or the
///   state before it is not known.
package enum GetFederatedRoomState: Endpoint {
    package static let route = Route(
        "getRoomState", .get, "/_matrix/federation/v1/state/{roomId}", rateLimit: .federation)

    package typealias Request = RoomAndEvent

    package static func handle(
        _ request: RoomAndEvent, from caller: RemoteServer, with services: RoomHistoryServices
    ) async throws -> ServerResponse {
        try await services.history.state(at: request.eventID, in: request.roomID, for: caller.serverName).response()
    }
}
