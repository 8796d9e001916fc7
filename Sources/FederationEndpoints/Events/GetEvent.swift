import Federation
package import FederationAPI
package import HTTPAPI
package import MatrixCore

/// A single event.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1eventeventid
/// - Errors: 403 `M_FORBIDDEN` when the server is not in the event's room, 404 `M_NOT_FOUND`.
package enum GetEvent: Endpoint {
    package static let route = Route("getEvent", .get, "/_matrix/federation/v1/event/{eventId}", rateLimit: .federation)

    package struct Request: RequestDecodable {
        let eventID: EventID

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            eventID = try input.path("eventId", { EventID($0) })
        }
    }

    package static func handle(
        _ request: Request, from caller: RemoteServer, with services: RoomHistoryServices
    ) async throws -> EventsAnswer.Response {
        let event = try await services.history.event(request.eventID, for: caller.serverName)
        return services.history.transaction(of: [event])
    }
}
