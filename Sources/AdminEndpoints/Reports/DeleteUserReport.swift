package import HTTPAPI
import MatrixCore
package import Rooms

/// Takes the report of a user away.
///
/// - Spec: https://element-hq.github.io/synapse/latest/admin_api/user_reports.html
/// - Errors: 400 `M_INVALID_PARAM`, 404 `M_NOT_FOUND`.
package enum DeleteUserReport: Endpoint {
    package static let route = Route("deleteUserReport", .delete, "/_synapse/admin/v1/user_reports/{reportId}")

    package static func handle(
        _ request: ReportRequest, from caller: Administrator, with reports: Reports
    ) async throws -> EmptyObject {
        try await reports.delete(request.id, .user)
        return EmptyObject()
    }
}
