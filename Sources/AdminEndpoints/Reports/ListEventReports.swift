package import HTTPAPI
package import MatrixCore
package import Rooms

/// The events that users have reported, the newest first.
///
/// - Spec: https://element-hq.github.io/synapse/latest/admin_api/event_reports.html
/// - Errors: 400 `M_INVALID_PARAM`.
package enum ListEventReports: Endpoint {
    package static let route = Route("listEventReports", .get, "/_synapse/admin/v1/event_reports")

    package struct Request: RequestDecodable {
        let filter: ReportFilter

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            filter = try ReportFilter(.event, user: "event_sender_user_id", from: input)
        }
    }

    package static func handle(
        _ request: Request, from caller: Administrator, with reports: Reports
    ) async throws -> ReportList {
        try await .read(request.filter, named: "event_reports", user: "sender", with: reports)
    }
}
