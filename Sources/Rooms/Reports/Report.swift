package import MatrixCore
import Storage

/// What is reported.
package enum ReportKind: Sendable {
    case event
    case room
    case user

    var stored: ReportRecord.Kind {
        switch self {
        case .event: .event
        case .room: .room
        case .user: .user
        }
    }
}

/// Which reports an operator wants to see.
package struct ReportFilter: Sendable {
    package let kind: ReportKind
    package var reporter: UserID?
    package var roomID: RoomID?
    /// The sender of the event, or the user who is reported.
    package var userID: UserID?
    package var offset = 0
    package var limit = 100
    package var oldestFirst = false

    package init(kind: ReportKind) { self.kind = kind }

    func query(atMost maximum: Int) -> ReportQuery {
        var query = ReportQuery(kind: kind.stored, limit: Int64(min(limit, maximum)))
        query.reporter = reporter
        query.roomID = roomID
        query.userID = userID
        query.offset = Int64(offset)
        query.oldestFirst = oldestFirst
        return query
    }
}

/// What a user has reported to those who run the server.
package struct Report: Sendable {
    package let id: Int64
    package let reporter: UserID
    package let roomID: RoomID?
    package let eventID: EventID?
    /// The sender of the event, or the user who is reported.
    package let userID: UserID?
    package let reason: String?
    package let score: Int64?
    package let receivedMilliseconds: Int64

    init(_ record: ReportRecord) {
        id = record.id
        reporter = record.reporter
        roomID = record.roomID
        eventID = record.eventID
        userID = record.userID
        reason = record.reason
        score = record.score
        receivedMilliseconds = record.receivedMilliseconds
    }
}
