import Federation
package import FederationAPI
package import HTTPAPI
package import MatrixCore

/// Events of a room and what was before them.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1backfillroomid
/// - Errors: 403 `M_FORBIDDEN` when the server is not in the room, or its access list keeps it out.
package enum BackfillRoom: Endpoint {
    package static let route = Route(
        "backfillRoom", .get, "/_matrix/federation/v1/backfill/{roomId}", rateLimit: .federation)

    /// Events that a request may name: as many as a room may have forward extremities in an event.
    private static let maxStarts = 50

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let starts: [EventID]
        let limit: Int

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            starts = try input.query(all: "v", { EventID($0) })
            guard !starts.isEmpty else { throw .missingParam("v") }
            guard starts.count <= maxStarts else { throw .invalidParam("v is there too often") }
            guard let limit = try input.query(number: "limit", in: 1...ServedHistory.maxBackfill) else {
                throw .missingParam("limit")
            }
            self.limit = limit
        }
    }

    package static func handle(
        _ request: Request, from caller: RemoteServer, with services: RoomHistoryServices
    ) async throws -> EventsAnswer.Response {
        let events = try await services.history.backfill(
            request.roomID, from: request.starts, limit: request.limit, for: caller.serverName)
        return services.history.transaction(of: events)
    }
}
