package import HTTPAPI
package import MatrixCore
package import Rooms

/// Reports an event to those who run the server.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreporteventid
/// - Errors: 404 `M_NOT_FOUND` for an event that the caller may not see, or of a room that they are not in; 400 `M_BAD_JSON`;
///   429 `M_LIMIT_EXCEEDED`.
package enum ReportEvent: Endpoint {
    package static let route = Route(
        "reportEvent", .post, "/_matrix/client/v3/rooms/{roomId}/report/{eventId}", rateLimit: .requests)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let eventID: EventID
        let reason: String?
        /// From before v1.18; clients still send it.
        let score: Int64?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            eventID = try input.path("eventId", { EventID($0) })
            reason = try input.body(optional: "reason")
            score = try input.body(optional: "score")
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with reports: Reports
    ) async throws -> EmptyObject {
        try await reports.report(
            request.eventID, in: request.roomID, by: try await reports.rooms.user(caller.userNID),
            reason: request.reason, score: request.score)
        return EmptyObject()
    }
}
