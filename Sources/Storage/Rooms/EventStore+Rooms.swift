package import MatrixCore
import Postgres

/// An event among those of all rooms.
package struct RoomEventNumber: Sendable, Hashable {
    package let room: RoomNID
    package let event: EventNID

    package init(room: RoomNID, event: EventNID) {
        self.room = room
        self.event = event
    }
}

/// A part of a room's live timeline: the newest events with `after < position <= upTo`.
package struct LiveStretch: Sendable, Hashable {
    package let room: RoomNID
    package let after: Int64
    package let upTo: Int64
    package let limit: Int

    package init(room: RoomNID, after: Int64, upTo: Int64, limit: Int) {
        self.room = room
        self.after = after
        self.upTo = upTo
        self.limit = limit
    }
}

/// Events of several rooms, with one query for all.
extension EventStore {
    /// The events, those that exist, in no order.
    package func events(_ wanted: Set<RoomEventNumber>) async throws -> [StoredEvent] {
        guard !wanted.isEmpty else { return [] }
        return try Self.decode(
            try await pool.query(
                EventStatements.ofRooms, wanted.map(\.room.rawValue), wanted.map(\.event.rawValue)))
    }

    /// The newest events of some stretches, newest first.
    package func timelines(_ wanted: Set<LiveStretch>) async throws -> [LiveStretch: [StoredEvent]] {
        guard !wanted.isEmpty else { return [:] }
        let stretches = Array(wanted)
        let rows = try await pool.query(
            EventStatements.timelinesOfRooms, stretches.map(\.room.rawValue), stretches.map(\.after),
            stretches.map(\.upTo), Int64(stretches.map(\.limit).max() ?? 0))
        var found: [LiveStretch: [StoredEvent]] = [:]
        for var row in rows {
            let event = try Self.decode(&row)
            let number = Int(try row.next(Int64.self)) - 1
            guard stretches.indices.contains(number) else { throw StorageError.corrupt("events.timelines_of_rooms") }
            // They are read with the greatest limit of all.
            if found[stretches[number]]?.count ?? 0 < stretches[number].limit {
                found[stretches[number], default: []].append(event)
            }
        }
        return found
    }
}
