import Federation
package import HTTPAPI
package import MatrixCore

/// What authorises an event.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1event_authroomideventid
/// - Errors: 403 `M_FORBIDDEN` when the server is not in the room, 404 `M_NOT_FOUND`.
package enum GetEventAuth: Endpoint {
    package static let route = Route(
        "getEventAuth", .get, "/_matrix/federation/v1/event_auth/{roomId}/{eventId}", rateLimit: .federation)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let eventID: EventID

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            eventID = try input.path("eventId", { EventID($0) })
        }
    }

    package static func handle(
        _ request: Request, from caller: RemoteServer, with services: RoomHistoryServices
    ) async throws -> ServerResponse {
        try await services.history.authChain(of: request.eventID, in: request.roomID, for: caller.serverName).response()
    }
}
