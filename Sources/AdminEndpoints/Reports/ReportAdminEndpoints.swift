package import HTTPAPI
package import Rooms

/// What operators read of users' reports.
package enum ReportAdminEndpoints {
    package static let all: [any Endpoint<Reports>.Type] = [
        ListEventReports.self, GetEventReport.self, DeleteEventReport.self, ListUserReports.self, DeleteUserReport.self,
        ListRoomReports.self, DeleteRoomReport.self,
    ]
}
