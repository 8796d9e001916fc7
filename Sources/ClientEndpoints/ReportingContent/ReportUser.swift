package import HTTPAPI
package import MatrixCore
package import Rooms

/// Reports a user to those who run the server. Nobody learns from it whether there is such a user.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3usersuseridreport
/// - Errors: 400 `M_MISSING_PARAM`, `M_BAD_JSON`; 429 `M_LIMIT_EXCEEDED`.
package enum ReportUser: Endpoint {
    package static let route = Route(
        "reportUser", .post, "/_matrix/client/v3/users/{userId}/report", rateLimit: .requests)

    package struct Request: RequestDecodable {
        let userID: UserID
        let reason: String

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            userID = try input.path("userId", { UserID($0) })
            reason = try input.body("reason")
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with reports: Reports
    ) async throws -> EmptyObject {
        try await reports.report(
            user: request.userID, by: try await reports.rooms.user(caller.userNID), reason: request.reason)
        return EmptyObject()
    }
}
