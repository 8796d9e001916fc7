package import HTTPAPI
package import Rooms

/// The endpoints by which users report what should not be.
package enum ReportEndpoints {
    package static let all: [any Endpoint<Reports>.Type] = [ReportEvent.self, ReportRoom.self, ReportUser.self]
}
