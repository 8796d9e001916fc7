package import HTTPAPI
package import MatrixCore
package import Rooms

/// Reports a room to those who run the server. The caller need not be in it.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreport
/// - Errors: 404 `M_NOT_FOUND`; 400 `M_MISSING_PARAM`, `M_BAD_JSON`; 429 `M_LIMIT_EXCEEDED`.
package enum ReportRoom: Endpoint {
    package static let route = Route(
        "reportRoom", .post, "/_matrix/client/v3/rooms/{roomId}/report", rateLimit: .requests)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let reason: String

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            reason = try input.body("reason")
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with reports: Reports
    ) async throws -> EmptyObject {
        try await reports.report(
            room: request.roomID, by: try await reports.rooms.user(caller.userNID), reason: request.reason)
        return EmptyObject()
    }
}
