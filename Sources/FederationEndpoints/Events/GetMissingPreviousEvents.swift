import Federation
package import FederationAPI
package import HTTPAPI
package import MatrixCore

/// What a server misses between events that it has and events that it got.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#post_matrixfederationv1get_missing_eventsroomid
/// - Errors: 403 `M_FORBIDDEN` when the server is not in the room, or its access list keeps it out.
package enum GetMissingPreviousEvents: Endpoint {
    package static let route = Route(
        "getMissingPreviousEvents", .post, "/_matrix/federation/v1/get_missing_events/{roomId}", rateLimit: .federation)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let missing: MissingEvents

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            missing = try MissingEvents(input.fields())
        }
    }

    package static func handle(
        _ request: Request, from caller: RemoteServer, with services: RoomHistoryServices
    ) async throws -> MissingEvents.Response {
        let events = try await services.history.missingEvents(
            request.missing, in: request.roomID, for: caller.serverName)
        return MissingEvents.Response(events: events.map(\.bytes))
    }
}
