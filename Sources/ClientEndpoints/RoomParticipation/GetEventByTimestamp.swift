package import HTTPAPI
package import MatrixCore
import Rooms

/// The event of a room that is nearest to a time, in a direction, of those that the caller may see.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidtimestamp_to_event
/// - Errors: 403 `M_FORBIDDEN` when the caller may not read the room, 404 `M_NOT_FOUND` when there is no such event.
package enum GetEventByTimestamp: Endpoint {
    package static let route = Route(
        "getEventByTimestamp", .get, "/_matrix/client/v1/rooms/{roomId}/timestamp_to_event", rateLimit: .requests,
        guests: true)

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

    package struct Response: JSONResponse {
        let event: RoomEvent

        package func write(to json: inout JSONWriter) {
            json.object {
                $0.field("event_id", event.eventID)
                $0.field("origin_server_ts", event.event.originServerTS)
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> Response {
        let readable = try await services.readableRoom(request.roomID, by: caller)
        return Response(
            event: try await services.rooms.event(at: request.milliseconds, request.direction, in: readable))
    }
}
