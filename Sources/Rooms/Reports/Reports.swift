package import MatrixCore
package import Storage
import Telemetry

/// What users report to those who run the server, and what these read of it.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#reporting-content
package struct Reports: Sendable {
    /// Characters of a reason.
    package static let maxReasonLength = 1_000
    /// Reports that a user writes in a day: a wave of spam has to fit in, the work of a program not.
    private static let maxPerDay: Int64 = 200
    private static let dayMilliseconds: Int64 = 24 * 3_600 * 1_000
    /// Reports in a page.
    package static let maxPage = 1_000

    package let rooms: RoomService
    private let store: ReportStore

    package init(rooms: RoomService, store: ReportStore) {
        self.rooms = rooms
        self.store = store
    }

    // MARK: Reporting

    /// Reports an event of a room that the user is in.
    ///
    /// - Throws: 404 `M_NOT_FOUND` when there is no such event, or the user may not see it, or is not in the room; 400
    ///   `M_BAD_JSON` for a reason that is too long; 429 `M_LIMIT_EXCEEDED`.
    package func report(
        _ eventID: EventID, in roomID: RoomID, by user: UserRecord, reason: String?, score: Int64?
    ) async throws {
        guard let room = try await rooms.reader.room(roomID),
            try await rooms.reader.memberships.membership(of: user.nid, in: room.nid)?.record.membership == .join
        else { throw MatrixError.unknownEvent }
        let event = try await rooms.event(eventID, in: try await rooms.readableRoom(roomID, by: user))
        var report = NewReport(.event, by: user.nid)
        report.roomID = roomID
        report.eventID = eventID
        report.userID = event.event.sender
        report.score = score
        try await add(report, reason)
    }

    /// Reports a room, which the user need not be in.
    ///
    /// - Throws: 404 `M_NOT_FOUND` for a room that is not known here; as above.
    package func report(room roomID: RoomID, by user: UserRecord, reason: String) async throws {
        guard try await rooms.reader.room(roomID) != nil else { throw MatrixError(.notFound, "no such room") }
        var report = NewReport(.room, by: user.nid)
        report.roomID = roomID
        try await add(report, reason)
    }

    /// Reports a user. Nobody is told whether there is such a user; of one of whom nobody here has heard nothing is kept.
    ///
    /// - Throws: as above, but no 404.
    package func report(user reported: UserID, by user: UserRecord, reason: String) async throws {
        try check(reason)
        guard try await rooms.reader.interning.knownUser(reported) != nil else { return }
        var report = NewReport(.user, by: user.nid)
        report.userID = reported
        try await add(report, reason)
    }

    private func check(_ reason: String?) throws(MatrixError) {
        guard (reason?.unicodeScalars.count ?? 0) <= Self.maxReasonLength else {
            throw MatrixError(.badJSON, "the reason must not be longer than \(Self.maxReasonLength) characters")
        }
    }

    private func add(_ report: NewReport, _ reason: String?) async throws {
        try check(reason)
        var report = report
        // The database holds no text with this in it.
        report.reason = reason?.filter { $0 != "\0" }
        let now = rooms.writing.telemetry.clock.nowMilliseconds
        guard
            let number = try await store.add(
                report, now: now, since: now - Self.dayMilliseconds, most: Self.maxPerDay)
        else { throw MatrixError(.limitExceeded, "you have reported too much", retryAfter: .seconds(3_600)) }
        var fields: [LogKey: String] = [.key: "\(number)"]
        fields[.roomID] = report.roomID?.description
        fields[.eventID] = report.eventID?.description
        fields[.userID] = report.userID?.description
        rooms.writing.telemetry.log.warning("something was reported", fields)
    }

    // MARK: Reading

    /// A page of reports, and how many there are.
    package func list(_ filter: ReportFilter) async throws -> (reports: [Report], total: Int) {
        let query = filter.query(atMost: Self.maxPage)
        return (try await store.reports(query).map { Report($0) }, Int(try await store.count(query)))
    }

    /// - Throws: 404 `M_NOT_FOUND`.
    package func report(_ id: Int64, _ kind: ReportKind) async throws -> Report {
        guard let record = try await store.report(id, kind.stored) else {
            throw MatrixError(.notFound, "no such report")
        }
        return Report(record)
    }

    /// The event that was reported, as it was sent; `nil` when it is not here any more.
    package func event(of report: Report) async throws -> Event? {
        guard let roomID = report.roomID, let eventID = report.eventID,
            let room = try await rooms.reader.room(roomID)
        else { return nil }
        return try await rooms.reader.events.event(eventID, in: room)?.event
    }

    /// Takes a report away that was dealt with.
    ///
    /// - Throws: 404 `M_NOT_FOUND`.
    package func delete(_ id: Int64, _ kind: ReportKind) async throws {
        guard try await store.delete(id, kind.stored) else { throw MatrixError(.notFound, "no such report") }
    }
}
