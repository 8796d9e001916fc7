package import HTTPAPI
import MatrixCore
package import Rooms

/// Takes the report of an event away.
///
/// - Spec: https://element-hq.github.io/synapse/latest/admin_api/event_reports.html
/// - Errors: 400 `M_INVALID_PARAM`, 404 `M_NOT_FOUND`.
package enum DeleteEventReport: Endpoint {
    package static let route = Route("deleteEventReport", .delete, "/_synapse/admin/v1/event_reports/{reportId}")

    package static func handle(
        _ request: ReportRequest, from caller: Administrator, with reports: Reports
    ) async throws -> EmptyObject {
        try await reports.delete(request.id, .event)
        return EmptyObject()
    }
}
