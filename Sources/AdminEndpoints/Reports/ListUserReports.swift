package import HTTPAPI
package import MatrixCore
package import Rooms

/// The users that users have reported, the newest first.
///
/// - Spec: https://element-hq.github.io/synapse/latest/admin_api/user_reports.html
/// - Errors: 400 `M_INVALID_PARAM`.
package enum ListUserReports: Endpoint {
    package static let route = Route("listUserReports", .get, "/_synapse/admin/v1/user_reports")

    package struct Request: RequestDecodable {
        let filter: ReportFilter

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            filter = try ReportFilter(.user, user: "target_user_id", from: input)
        }
    }

    package static func handle(
        _ request: Request, from caller: Administrator, with reports: Reports
    ) async throws -> ReportList {
        try await .read(request.filter, named: "user_reports", user: "target_user_id", with: reports)
    }
}
