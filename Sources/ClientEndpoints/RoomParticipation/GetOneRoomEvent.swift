package import HTTPAPI
import MatrixCore
import Rooms

/// One event that the caller may see.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomideventeventid
/// - Errors: 404 `M_NOT_FOUND`, whether there is none or it may not be seen.
package enum GetOneRoomEvent: Endpoint {
    package static let route = Route(
        "getOneRoomEvent", .get, "/_matrix/client/v3/rooms/{roomId}/event/{eventId}", guests: true)

    package typealias Request = RoomAndEvent

    package static func handle(
        _ request: RoomAndEvent, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> RawJSON {
        let readable = try await services.readableRoom(request.roomID, by: caller, otherwise: .unknownEvent)
        let event = try await services.rooms.event(request.eventID, in: readable)
        return RawJSON(try await services.render([event], in: readable, for: caller).first ?? [])
    }
}
