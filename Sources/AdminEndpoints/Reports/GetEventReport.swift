package import HTTPAPI
package import MatrixCore
package import Rooms

/// The report of an event, with the event as it was sent.
///
/// - Spec: https://element-hq.github.io/synapse/latest/admin_api/event_reports.html
/// - Errors: 400 `M_INVALID_PARAM`, 404 `M_NOT_FOUND`.
package enum GetEventReport: Endpoint {
    package static let route = Route("getEventReport", .get, "/_synapse/admin/v1/event_reports/{reportId}")

    package struct Response: JSONResponse {
        let report: Report
        let event: Event?

        package func write(to json: inout JSONWriter) {
            json.object { json in
                report.writeMembers(to: &json, user: "sender")
                if let event { json.field("event_json", raw: event.clientFormat()) }
            }
        }
    }

    package static func handle(
        _ request: ReportRequest, from caller: Administrator, with reports: Reports
    ) async throws -> Response {
        let report = try await reports.report(request.id, .event)
        return Response(report: report, event: try await reports.event(of: report))
    }
}
