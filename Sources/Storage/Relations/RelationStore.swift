package import MatrixCore
package import Postgres

/// An event of which it is asked what relates to it.
package struct RelationParent: Sendable {
    package let roomNID: RoomNID
    package let eventID: EventID
    package let senderNID: UserNID
    package let type: String
    /// What is at this point or after it does not count: whoever asks has left the room there.
    package let end: TimelinePoint

    package init(_ event: StoredEvent, end: TimelinePoint) {
        roomNID = event.roomNID
        eventID = event.eventID
        senderNID = event.senderNID
        type = event.type
        self.end = end
    }
}

/// What relates to an event by one type.
package struct RelationGroup: Sendable {
    /// The place of the event among those that were asked for.
    package let parent: Int
    package let type: String
    /// No more than `RelationStore.maxCounted`.
    package let count: Int
    /// Whether the user who asks has sent one of them.
    package let hasParticipated: Bool
    /// Of a thread the newest events, newest first; of replacements the latest ones, latest first; of references all, oldest
    /// first. Only as many as are looked at.
    package let events: [EventNID]
}

/// Which events are wanted of those that relate to another.
package struct RelationFilter: Sendable {
    package var relationType: String?
    package var eventType: String?
    /// 1: only those that relate to the event itself; more: also those that relate to these.
    package var levels: Int

    package init(relationType: String? = nil, eventType: String? = nil, levels: Int = 1) {
        self.relationType = relationType
        self.eventType = eventType
        self.levels = levels
    }
}

/// A stretch of a room's history, read from one of its ends.
package struct TimelineStretch: Sendable {
    package var from: TimelinePoint
    /// Is not part of it.
    package var upTo: TimelinePoint
    package var isBackwards: Bool

    package init(from: TimelinePoint, upTo: TimelinePoint, isBackwards: Bool) {
        self.from = from
        self.upTo = upTo
        self.isBackwards = isBackwards
    }
}

/// An event of a thread, on a walk through all threads of a room.
package struct ThreadEvent: Sendable {
    package let root: EventID
    package let point: TimelinePoint
    package let isNewest: Bool
    /// Only known of the newest.
    package let hasParticipated: Bool
}

/// What relates to what. Written together with the events; here it is read.
package struct RelationStore: Sendable {
    /// More events of a thread are not counted.
    package static let maxCounted = 10_000
    /// Events of a thread, or replacements, of which the first that may be shown is shown.
    static let maxCandidates = 4
    /// References of an event that are told with it, and replacements among which the latest is looked for.
    package static let maxReferences = 200
    /// Events on all levels below one.
    static let maxRecursive = 10_000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// A page of what relates to an event, in the order of the stretch.
    ///
    /// - Cost: the page, for one level; otherwise a look-up for each of the events below this one.
    package func events(
        relatedTo parent: EventID, in room: RoomNID, _ filter: RelationFilter, _ stretch: TimelineStretch, limit: Int
    ) async throws -> [EventNID] {
        let (low, high) = stretch.isBackwards ? (stretch.upTo, stretch.from) : (stretch.from, stretch.upTo)
        let rows: PostgresRows
        if filter.levels > 1 {
            rows = try await pool.query(
                stretch.isBackwards ? RelationStatements.recursiveBackwards : RelationStatements.recursiveForwards,
                room.rawValue, parent.description, low.depth, low.position, low.event, high.depth, high.position,
                high.event, Int64(limit), filter.relationType, filter.eventType, Int32(clamping: filter.levels),
                Int64(Self.maxRecursive))
        } else if let type = filter.relationType {
            rows = try await pool.query(
                stretch.isBackwards ? RelationStatements.typedBackwards : RelationStatements.typedForwards,
                room.rawValue, parent.description, low.depth, low.position, low.event, high.depth, high.position,
                high.event, Int64(limit), type, filter.eventType)
        } else {
            rows = try await pool.query(
                stretch.isBackwards ? RelationStatements.directBackwards : RelationStatements.directForwards,
                room.rawValue, parent.description, low.depth, low.position, low.event, high.depth, high.position,
                high.event, Int64(limit))
        }
        return try rows.map { EventNID(try $0.get(0, Int64.self)) }
    }

    /// What is told with events of what relates to them.
    ///
    /// - Parameter ignored: senders whose events do not count.
    /// - Cost: one query. An index look-up for each event, some more for those to which something relates.
    package func groups(
        of parents: [RelationParent], for user: UserNID?, ignoring ignored: [UserNID]
    ) async throws -> [RelationGroup] {
        guard !parents.isEmpty else { return [] }
        let rows = try await pool.query(
            RelationStatements.groups, parents.map(\.roomNID.rawValue), parents.map(\.eventID.description),
            parents.map(\.senderNID.rawValue), parents.map(\.type), parents.map(\.end.depth),
            parents.map(\.end.position), parents.map(\.end.event), user?.rawValue, ignored.map(\.rawValue),
            Int64(Self.maxCounted), Int64(Self.maxCandidates), Int64(Self.maxReferences))
        return try rows.map { row in
            var row = row
            return RelationGroup(
                parent: Int(try row.next(Int64.self)) - 1, type: try row.next(String.self),
                count: Int(try row.next(Int64.self)), hasParticipated: try row.next(Bool?.self) ?? false,
                events: try row.next([Int64].self).map { EventNID($0) })
        }
    }

    /// The newest annotations of an event by one user.
    package func annotations(
        of parent: EventID, in room: RoomNID, by sender: UserNID, type: String, limit: Int
    ) async throws -> [EventNID] {
        let rows = try await pool.query(
            RelationStatements.annotations, room.rawValue, parent.description, sender.rawValue, type, Int64(limit))
        return try rows.map { EventNID(try $0.get(0, Int64.self)) }
    }

    /// The events of all threads of a room before a point, newest first.
    ///
    /// - Parameter end: what is at this point or after it counts for nothing.
    package func threadEvents(
        in room: RoomNID, before point: TimelinePoint, end: TimelinePoint, for user: UserNID,
        ignoring ignored: [UserNID], limit: Int
    ) async throws -> [ThreadEvent] {
        let start = min(point, end)
        let rows = try await pool.query(
            RelationStatements.threads, room.rawValue, start.depth, start.position, start.event, end.depth,
            end.position, end.event, ignored.map(\.rawValue), user.rawValue, Int64(limit))
        return try rows.map { row in
            var row = row
            guard let root = EventID(try row.next(String.self)) else {
                throw StorageError.corrupt("relations.parent_id")
            }
            let point = TimelinePoint(
                depth: try row.next(Int64.self), position: try row.next(Int64.self), event: try row.next(Int64.self))
            return ThreadEvent(
                root: root, point: point, isNewest: try row.next(Bool.self),
                hasParticipated: try row.next(Bool.self))
        }
    }
}

extension EventStore {
    package var relations: RelationStore { RelationStore(pool: pool) }
}
