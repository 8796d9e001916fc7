import Federation
package import FederationAPI
package import HTTPAPI
package import MatrixCore
import Rooms

/// The event of a room that is nearest to a time, in a direction.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1timestamp_to_eventroomid
/// - Errors: 403 `M_FORBIDDEN` when the server is not in the room, or its access list keeps it out, 404 `M_NOT_FOUND`.
package enum GetEventByTimestamp: Endpoint {
    package static let route = Route(
        "getEventByTimestamp", .get, "/_matrix/federation/v1/timestamp_to_event/{roomId}", rateLimit: .federation)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let milliseconds: Int64
        let direction: RoomService.Direction

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            milliseconds = try input.query("ts", { Int64($0) })
            direction = try input.query("dir", { RoomService.Direction(rawValue: $0) })
        }
    }

    package static func handle(
        _ request: Request, from caller: RemoteServer, with services: RoomHistoryServices
    ) async throws -> EventAtTime {
        try await services.history.event(
            at: request.milliseconds, request.direction, in: request.roomID, for: caller.serverName)
    }
}
