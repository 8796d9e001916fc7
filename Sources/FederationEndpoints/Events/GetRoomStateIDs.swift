import Federation
package import FederationAPI
package import HTTPAPI
import MatrixCore

/// The ids of the state of a room before an event, and of what authorises it.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1state_idsroomid
/// - Errors: as `GetFederatedRoomState`.
package enum GetRoomStateIDs: Endpoint {
    package static let route = Route(
        "getRoomStateIds", .get, "/_matrix/federation/v1/state_ids/{roomId}", rateLimit: .federation)

    package typealias Request = RoomAndEvent

    package static func handle(
        _ request: RoomAndEvent, from caller: RemoteServer, with services: RoomHistoryServices
    ) async throws -> StateIDsAnswer {
        try await services.history.stateIDs(at: request.eventID, in: request.roomID, for: caller.serverName)
    }
}
