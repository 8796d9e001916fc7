package import HTTPAPI
package import MatrixCore
import Rooms

/// The content of one place of a room's state, or with `format=event` the whole event.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidstateeventtypestatekey
/// - Errors: 404 `M_NOT_FOUND` when nothing is there, 403 `M_FORBIDDEN` when the caller was never in the room.
package enum GetRoomStateWithKey: Endpoint {
    package static let route = Route(
        "getRoomStateWithKey", .get, "/_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}",
        "/_matrix/client/v3/rooms/{roomId}/state/{eventType}", "/_matrix/client/v3/rooms/{roomId}/state/{eventType}/",
        guests: true)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let type: String
        let stateKey: String
        let wantsEvent: Bool

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            type = try input.path("eventType")
            stateKey = try input.path(optional: "stateKey") ?? ""
            wantsEvent = try input.query(optional: "format", { ["event": true, "content": false][$0] }) ?? false
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> RawJSON {
        let readable = try await services.readableRoom(request.roomID, by: caller)
        guard let event = try await readable.snapshot.event(request.type, request.stateKey) else {
            throw MatrixError(.notFound, "no such state")
        }
        guard request.wantsEvent else { return RawJSON(try services.rooms.content(of: event).rawBytes) }
        return RawJSON(try await services.render([event], in: readable, for: caller).first ?? [])
    }
}
