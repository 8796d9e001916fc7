package import MatrixCore
package import Postgres

/// What a user has reported to those who run the server.
package struct ReportRecord: Sendable, Hashable {
    package enum Kind: Int16, Sendable {
        case event = 1
        case room = 2
        case user = 3
    }

    package let id: Int64
    package let kind: Kind
    package let reporter: UserID
    package let roomID: RoomID?
    package let eventID: EventID?
    /// The sender of the event, or the user who is reported.
    package let userID: UserID?
    package let reason: String?
    package let score: Int64?
    package let receivedMilliseconds: Int64
}

/// A report as it comes in.
package struct NewReport: Sendable {
    package let kind: ReportRecord.Kind
    package let reporter: UserNID
    package var roomID: RoomID?
    package var eventID: EventID?
    package var userID: UserID?
    package var reason: String?
    package var score: Int64?

    package init(_ kind: ReportRecord.Kind, by reporter: UserNID) {
        self.kind = kind
        self.reporter = reporter
    }
}

/// Which reports an operator wants to see.
package struct ReportQuery: Sendable {
    package let kind: ReportRecord.Kind
    package var reporter: UserID?
    package var roomID: RoomID?
    package var userID: UserID?
    package var offset: Int64 = 0
    package var limit: Int64
    package var oldestFirst = false

    package init(kind: ReportRecord.Kind, limit: Int64) {
        self.kind = kind
        self.limit = limit
    }
}

/// Reports, for operators to read.
package struct ReportStore: Sendable {
    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// - Parameters:
    ///   - since: from when on the reporter's reports count.
    ///   - most: reports of one user since then.
    /// - Returns: the number of the report; `nil` when the reporter has written too many.
    package func add(_ report: NewReport, now: Int64, since: Int64, most: Int64) async throws -> Int64? {
        let rows = try await pool.query(
            ReportStatements.add, report.kind.rawValue, report.reporter.rawValue, report.roomID?.description,
            report.eventID?.description, report.userID?.description, report.reason, report.score, now, since, most)
        return try rows.first?.get(0, Int64?.self)
    }

    package func reports(_ query: ReportQuery) async throws -> [ReportRecord] {
        let statement = query.oldestFirst ? ReportStatements.oldest : ReportStatements.newest
        let rows = try await pool.query(
            statement, query.kind.rawValue, query.reporter?.description, query.roomID?.description,
            query.userID?.description, query.offset, query.limit)
        return try rows.map { row in
            var row = row
            return try Self.decode(&row)
        }
    }

    /// How many there are, whatever the page.
    package func count(_ query: ReportQuery) async throws -> Int64 {
        let rows = try await pool.query(
            ReportStatements.count, query.kind.rawValue, query.reporter?.description, query.roomID?.description,
            query.userID?.description)
        return try rows.first?.get(0, Int64.self) ?? 0
    }

    package func report(_ id: Int64, _ kind: ReportRecord.Kind) async throws -> ReportRecord? {
        guard var row = try await pool.query(ReportStatements.one, kind.rawValue, id).first else { return nil }
        return try Self.decode(&row)
    }

    /// - Returns: whether there was one.
    package func delete(_ id: Int64, _ kind: ReportRecord.Kind) async throws -> Bool {
        try await pool.execute(ReportStatements.delete, kind.rawValue, id) > 0
    }

    private static func decode(_ row: inout PostgresRow) throws -> ReportRecord {
        let id = try row.next(Int64.self)
        guard let kind = ReportRecord.Kind(rawValue: try row.next(Int16.self)),
            let reporter = UserID(try row.next(String.self))
        else { throw StorageError.corrupt("reports") }
        return ReportRecord(
            id: id, kind: kind, reporter: reporter, roomID: try row.next(String?.self).flatMap { RoomID($0) },
            eventID: try row.next(String?.self).flatMap { EventID($0) },
            userID: try row.next(String?.self).flatMap { UserID($0) }, reason: try row.next(String?.self),
            score: try row.next(Int64?.self), receivedMilliseconds: try row.next(Int64.self))
    }
}
