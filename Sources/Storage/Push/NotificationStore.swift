package import MatrixCore
package import Postgres

/// A room in which somebody was notified, before a place of its timeline.
package struct NotificationQuestion: Sendable, Hashable {
    package let room: RoomRecord
    /// What is at it or below is not looked at: where the user joined.
    package let floor: Int64
    /// Otherwise only what was meant for this user alone counts, such as an invite.
    package let isJoined: Bool
    package let before: TimelinePlace

    package init(room: RoomRecord, floor: Int64, isJoined: Bool, before: TimelinePlace) {
        self.room = room
        self.floor = floor
        self.isJoined = isJoined
        self.before = before
    }
}

/// An event that notified a user.
package struct NotifiedEvent: Sendable, Hashable {
    package let room: RoomRecord
    package let place: TimelinePlace
    package let highlights: Bool
    /// Milliseconds since 1970; when it came.
    package let time: Int64

    package var number: RoomEventNumber { RoomEventNumber(room: room.nid, event: EventNID(place.order)) }
}

/// What was found in a room.
package struct NotifiedEvents: Sendable {
    /// Newest first.
    package internal(set) var events: [NotifiedEvent] = []
    /// Up to where it was looked; `nil` when nothing is before the last event.
    package internal(set) var end: TimelinePlace?
}

/// What users were notified about, by what was decided when the events were written.
package struct NotificationStore: Sendable {
    /// Events of each room that are looked at in one query.
    package static let maxLookedAt: Int64 = 100
    /// Events after one that are looked through for one of the user's own.
    static let maxLookedThrough: Int64 = 1_000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// The newest events in some rooms that notified a user, in the order of the questions.
    ///
    /// Cost: one query; a look at up to `maxLookedAt` events of each room, or at the highlights alone.
    package func newest(
        for user: UserNID, in questions: [NotificationQuestion], onlyHighlights: Bool
    ) async throws -> [NotifiedEvents] {
        guard !questions.isEmpty else { return [] }
        var found = questions.map { _ in NotifiedEvents() }
        let rows = try await pool.query(
            onlyHighlights ? NotificationStatements.newestHighlights : NotificationStatements.newest, user.rawValue,
            questions.map(\.room.nid.rawValue), questions.map(\.room.shard), questions.map(\.floor),
            questions.map(\.isJoined), questions.map(\.before.position), questions.map(\.before.order),
            Self.maxLookedAt)
        for row in rows {
            let (number, position, event, notifies, highlights, isLast, time) = try row.decode(
                (Int64, Int64, Int64, Bool, Bool, Bool, Int64).self)
            let index = Int(number) - 1
            guard questions.indices.contains(index) else { throw StorageError.corrupt("notifications.newest") }
            let place = TimelinePlace(position: position, order: event)
            if notifies {
                found[index].events.append(
                    NotifiedEvent(room: questions[index].room, place: place, highlights: highlights, time: time))
            }
            if isLast { found[index].end = place }
        }
        return found
    }

    /// Those of some events, by their places in the list, after which the user has sent something to the same part of the room.
    package func readBySending(
        _ events: [(event: NotifiedEvent, root: EventID?)], by user: UserNID
    ) async throws -> Set<Int> {
        guard !events.isEmpty else { return [] }
        let rows = try await pool.query(
            NotificationStatements.readBySending, user.rawValue, events.map(\.event.room.nid.rawValue),
            events.map(\.event.place.position), events.map(\.event.place.order), events.map { $0.root?.description },
            Self.maxLookedThrough)
        return Set(try rows.map { Int(try $0.get(0, Int64.self)) - 1 })
    }
}
