package import MatrixCore
package import Postgres

/// The kinds of receipts, in the order of their database values.
package enum ReceiptKind: Int16, Sendable, CaseIterable {
    /// Seen by everybody in the room.
    case read = 1
    /// Seen by nobody but the user.
    case readPrivate = 2

    package var name: String {
        switch self {
        case .read: "m.read"
        case .readPrivate: "m.read.private"
        }
    }
}

/// Which part of a room a receipt is about.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#threaded-read-receipts
package enum ReceiptThread: Sendable, Hashable {
    /// All of it.
    case unthreaded
    case main
    case thread(root: EventID)

    /// `thread_id`; `nil` for what has none.
    package var id: String? {
        switch self {
        case .unthreaded: nil
        case .main: "main"
        case .thread(let root): root.description
        }
    }

    /// - Parameter id: `nil` or the value of `thread_id`.
    package init?(id: String?) {
        switch id {
        case nil: self = .unthreaded
        case "main": self = .main
        case let id?:
            guard let root = EventID(id) else { return nil }
            self = .thread(root: root)
        }
    }

    init(stored: String) throws {
        guard let thread = ReceiptThread(id: stored.isEmpty ? nil : stored) else {
            throw StorageError.corrupt("receipts.thread")
        }
        self = thread
    }
}

/// Where an event stands in its room's timeline, for telling what is before what. Events that did not come live are before
/// all that did, by depth.
package struct TimelinePlace: Sendable, Hashable, Comparable {
    package let position: Int64
    package let order: Int64

    package init(position: Int64, order: Int64) {
        self.position = position
        self.order = order
    }

    package init(_ event: StoredEvent) {
        self.init(position: event.position, order: event.position > 0 ? event.nid.rawValue : event.depth)
    }

    init(stored mark: [Int64]) throws {
        guard mark.count == 2 else { throw StorageError.corrupt("receipts.event_position") }
        self.init(position: mark[0], order: mark[1])
    }

    package static func < (left: TimelinePlace, right: TimelinePlace) -> Bool {
        (left.position, left.order) < (right.position, right.order)
    }
}

/// A receipt that a user gives.
package struct NewReceipt: Sendable, Hashable {
    package var kind: ReceiptKind
    package var thread: ReceiptThread
    package var eventID: EventID
    /// `nil` for an event that we do not have: other servers may be ahead of us.
    package var place: TimelinePlace?

    package init(kind: ReceiptKind, thread: ReceiptThread, eventID: EventID, place: TimelinePlace?) {
        self.kind = kind
        self.thread = thread
        self.eventID = eventID
        self.place = place
    }
}

/// A receipt as it is shown.
package struct ReceiptRecord: Sendable, Hashable {
    package let roomNID: RoomNID
    package let userNID: UserNID
    package let kind: ReceiptKind
    package let thread: ReceiptThread
    package let eventID: EventID
    /// Milliseconds since 1970.
    package let sentAt: Int64
}

/// What a move of receipts came to.
package struct ReceiptMove: Sendable {
    /// `nil` when no receipt moved forward.
    package let receipts: LogPosition?
    /// Whether others may see any of those that moved.
    package let isPublic: Bool
    /// `nil` when the fully-read marker did not move forward.
    package let marker: LogPosition?
}

/// Receipts: up to where users have read.
package struct ReceiptStore: Sendable {
    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Moves receipts and the fully-read marker of a user in a room forward; what would go back is left out.
    ///
    /// - Parameter sentAt: when the receipts were given, which other servers may claim.
    package func move(
        _ receipts: [NewReceipt], marker: (eventID: EventID, place: TimelinePlace)? = nil, of user: UserRecord,
        in room: RoomRecord, sentAt: Int64, now: Int64
    ) async throws -> ReceiptMove {
        let content: [UInt8]? = marker.map { marker in
            JSONWriter.write { writer in writer.object { $0.field("event_id", marker.eventID) } }
        }
        let rows = try await pool.query(
            ReceiptStatements.move, room.shard, room.nid.rawValue, user.nid.rawValue,
            receipts.map(\.kind.rawValue), receipts.map { $0.thread.id ?? "" }, receipts.map(\.eventID.description),
            receipts.map { $0.place?.position }, receipts.map { $0.place?.order ?? 0 }, sentAt,
            user.shard, marker?.eventID.description, content, marker?.place.position, marker?.place.order, now)
        guard var row = rows.first else { throw StorageError.missing("move_receipts") }
        let (position, previous) = (try row.next(Int64?.self), try row.next(Int64?.self))
        let isPublic = try row.next(Bool?.self) ?? false
        let (userPosition, userPrevious) = (try row.next(Int64?.self), try row.next(Int64?.self))
        return ReceiptMove(
            receipts: Self.position(room.shard, position, previous), isPublic: isPublic,
            marker: Self.position(user.shard, userPosition, userPrevious))
    }

    private static func position(_ shard: Int16, _ position: Int64?, _ previous: Int64?) -> LogPosition? {
        guard let position, let previous else { return nil }
        return LogPosition(shard: shard, position: position, previous: previous)
    }

    /// The receipts that changed in some rooms after `since` and up to `head`, as a user may see them.
    package func changes(
        in rooms: [(room: RoomNID, since: Int64, head: Int64)], for user: UserNID
    ) async throws -> [ReceiptRecord] {
        guard !rooms.isEmpty else { return [] }
        let rows = try await pool.query(
            ReceiptStatements.changes, user.rawValue, rooms.map(\.room.rawValue), rooms.map(\.since), rooms.map(\.head))
        return try rows.map(Self.record)
    }

    /// The receipts of some rooms at some events, and all of the user's own there, as the user may see them.
    ///
    /// Cost: one query for all; the receipts of the rooms are walked.
    package func receipts(
        at events: [EventID], in rooms: [(room: RoomNID, head: Int64)], for user: UserNID
    ) async throws -> [ReceiptRecord] {
        guard !rooms.isEmpty else { return [] }
        let rows = try await pool.query(
            ReceiptStatements.atEvents, user.rawValue, rooms.map(\.room.rawValue), rooms.map(\.head),
            events.map(\.description))
        return try rows.map(Self.record)
    }

    private static func record(_ row: PostgresRow) throws -> ReceiptRecord {
        var row = row
        let (room, user) = (RoomNID(try row.next(Int64.self)), UserNID(try row.next(Int64.self)))
        guard let kind = ReceiptKind(rawValue: try row.next(Int16.self)) else {
            throw StorageError.corrupt("receipts.kind")
        }
        let thread = try ReceiptThread(stored: try row.next(String.self))
        guard let event = EventID(try row.next(String.self)) else {
            throw StorageError.corrupt("receipts.event_id")
        }
        return ReceiptRecord(
            roomNID: room, userNID: user, kind: kind, thread: thread, eventID: event, sentAt: try row.next(Int64.self))
    }

    /// Up to where a user has read in each thread, by receipts of either kind.
    package func marks(
        of user: UserNID, in rooms: [RoomNID]
    ) async throws -> [RoomNID: [ReceiptThread: TimelinePlace]] {
        guard !rooms.isEmpty else { return [:] }
        var marks: [RoomNID: [ReceiptThread: TimelinePlace]] = [:]
        for row in try await pool.query(ReceiptStatements.marks, user.rawValue, rooms.map(\.rawValue)) {
            let (room, thread, mark) = try row.decode((Int64, String, [Int64]).self)
            marks[RoomNID(room), default: [:]][try ReceiptThread(stored: thread)] = try TimelinePlace(stored: mark)
        }
        return marks
    }
}
