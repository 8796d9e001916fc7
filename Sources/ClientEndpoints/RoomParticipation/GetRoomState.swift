package import HTTPAPI
package import MatrixCore
import Rooms

/// The whole state of a room, as it is or as it was when the caller left.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidstate
/// - Errors: 403 `M_FORBIDDEN` when the caller was never in the room.
package enum GetRoomState: Endpoint {
    package static let route = Route(
        "getRoomState", .get, "/_matrix/client/v3/rooms/{roomId}/state", guests: true)

    package struct Request: RequestDecodable {
        let roomID: RoomID

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> EventList {
        let readable = try await services.readableRoom(request.roomID, by: caller)
        let events = try await readable.snapshot.allEvents().sorted { $0.nid < $1.nid }
        return EventList(events: try await services.render(events, in: readable, for: caller))
    }
}
