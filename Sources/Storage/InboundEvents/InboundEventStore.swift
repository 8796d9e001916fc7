package import MatrixCore
package import Postgres

/// Events of other servers that wait for what they build on, so that a transaction can be answered before that is found.
package struct InboundEventStore: Sendable {
    /// Events that wait for one room. Somebody who was away for longer fetches the state instead of every event.
    package static let maxPerRoom: Int64 = 500
    /// Events that one server has waiting in all rooms together.
    package static let maxPerOrigin: Int64 = 5_000

    /// Rooms of a shard that are due, in one answer.
    package static let maxDueRooms = 8

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Keeps events, durably. What is there already stays as it is.
    ///
    /// - Parameter maxPerRoom: events that may wait for the room when these are kept.
    /// - Returns: those that found no place.
    package func stage(
        _ events: [Event], in room: RoomRecord, from origin: ServerName, maxPerRoom: Int64 = Self.maxPerRoom, now: Int64
    ) async throws -> Set<EventID> {
        guard !events.isEmpty else { return [] }
        let rows = try await pool.query(
            InboundEventStatements.stage, room.roomID.description, room.shard, origin.description,
            events.map(\.eventID.description), events.map(\.bytes), now, maxPerRoom, Self.maxPerOrigin)
        return Set(
            try rows.map { row in
                var row = row
                guard let id = EventID(try row.next(String.self)) else {
                    throw StorageError.corrupt("inbound_events.event_id")
                }
                return id
            })
    }

    /// Rooms of some shards with events that are due, those that wait longest first, at most `maxDueRooms` of each.
    ///
    /// Cost: one look at an index for each shard.
    package func dueRooms(in shards: Set<Int16>, now: Int64) async throws -> [Int16: [RoomID]] {
        var due: [Int16: [RoomID]] = [:]
        for var row in try await pool.query(InboundEventStatements.dueRooms, shards.sorted(), now) {
            let shard = try row.next(Int16.self)
            guard let id = RoomID(try row.next(String.self)) else {
                throw StorageError.corrupt("inbound_events.room_id")
            }
            due[shard, default: []].append(id)
        }
        return due
    }

    /// What waits for a room: first what is due, then the rest, each in the order in which it came.
    package func events(of room: RoomID, now: Int64, limit: Int) async throws -> [StagedEvent] {
        let rows = try await pool.query(InboundEventStatements.ofRoom, room.description, Int64(limit), now)
        return try rows.map { row in
            var row = row
            let number = try row.next(Int64.self)
            guard let eventID = EventID(try row.next(String.self)), let origin = ServerName(try row.next(String.self))
            else { throw StorageError.corrupt("inbound_events") }
            return StagedEvent(
                number: number, eventID: eventID, origin: origin, body: try row.next([UInt8].self),
                receivedAt: try row.next(Int64.self), attempts: try row.next(Int32.self),
                nextAttemptAt: try row.next(Int64.self))
        }
    }

    /// How many events wait for a room.
    package func count(of room: RoomID) async throws -> Int64 {
        guard var row = try await pool.query(InboundEventStatements.count, room.description).first else { return 0 }
        return try row.next(Int64.self)
    }

    /// They are in their room, or are given up.
    package func remove(_ events: [StagedEvent]) async throws {
        guard !events.isEmpty else { return }
        _ = try await pool.query(InboundEventStatements.delete, events.map(\.number))
    }

    /// Nobody here is in the room any more.
    package func removeAll(of room: RoomID) async throws {
        _ = try await pool.query(InboundEventStatements.deleteRoom, room.description)
    }

    /// One more attempt was in vain.
    ///
    /// - Parameter events: with the time, in milliseconds since 1970, before which they are not to be tried again.
    package func postpone(_ events: [(event: StagedEvent, until: Int64)]) async throws {
        guard !events.isEmpty else { return }
        _ = try await pool.query(InboundEventStatements.postpone, events.map(\.event.number), events.map(\.until))
    }
}
