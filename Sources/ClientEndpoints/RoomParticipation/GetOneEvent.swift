package import HTTPAPI
package import MatrixCore
import Rooms

/// One event that the caller may see, whatever its room. Deprecated: the room is to be named.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3eventseventid
/// - Errors: 404 `M_NOT_FOUND`, whether there is none or it may not be seen.
package enum GetOneEvent: Endpoint {
    package static let route = Route("getOneEvent", .get, "/_matrix/client/v3/events/{eventId}")

    package struct Request: RequestDecodable {
        let eventID: EventID

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            eventID = try input.path("eventId", { EventID($0) })
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> RawJSON {
        let user = try await services.rooms.user(caller.userNID)
        let (event, readable) = try await services.rooms.event(request.eventID, for: user)
        return RawJSON(try await services.render([event], in: readable, for: caller).first ?? [])
    }
}
