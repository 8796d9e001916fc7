import HTTPAPI
package import MatrixCore
import Rooms

/// A page of reports.
package struct ReportList: JSONResponse {
    /// What the list is called.
    let name: String
    let reports: [Report]
    let total: Int
    let offset: Int
    let user: String

    package var expectedBytes: Int { 100 + reports.count * 400 }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.array(key: name) { json in
                for report in reports { json.object { report.writeMembers(to: &$0, user: user) } }
            }
            let next = offset + reports.count
            if next < total, !reports.isEmpty { json.field("next_token", next) }
            json.field("total", total)
        }
    }

    /// - Parameters:
    ///   - name: what the list is called.
    ///   - user: what the one who is reported is called in it, or whose event is.
    static func read(
        _ filter: ReportFilter, named name: String, user: String, with reports: Reports
    ) async throws -> ReportList {
        let (found, total) = try await reports.list(filter)
        return ReportList(name: name, reports: found, total: total, offset: filter.offset, user: user)
    }
}

extension Report {
    func writeMembers(to json: inout JSONWriter, user: String) {
        json.field(optional: "event_id", eventID)
        json.field("id", id)
        json.field(optional: "reason", reason)
        json.field("received_ts", receivedMilliseconds)
        json.field(optional: "room_id", roomID)
        json.field(optional: "score", score)
        json.field(optional: user, userID)
        json.field("user_id", reporter)
    }
}
