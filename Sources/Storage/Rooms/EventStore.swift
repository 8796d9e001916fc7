package import MatrixCore
package import Postgres

/// Events as they are read: by number, by id, along the live timeline, along the graph.
package struct EventStore: Sendable {
    /// The clocks of workers differ by less.
    private static let clockMarginMilliseconds: Int64 = 10_000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    package func events(_ nids: [EventNID], in room: RoomNID) async throws -> [StoredEvent] {
        guard !nids.isEmpty else { return [] }
        return try Self.decode(try await pool.query(EventStatements.byNIDs, room.rawValue, nids.map(\.rawValue)))
    }

    package func events(_ ids: [EventID], in room: RoomNID) async throws -> [StoredEvent] {
        guard !ids.isEmpty else { return [] }
        return try Self.decode(try await pool.query(EventStatements.byIDs, room.rawValue, ids.map(\.description)))
    }

    /// An event by its id alone, whatever its room, as federation asks for it. Ids of old versions may repeat: then each.
    package func events(withID id: EventID) async throws -> [StoredEvent] {
        try Self.decode(try await pool.query(EventStatements.byIDAnyRoom, id.description))
    }

    /// The numbers and flags of those of the events that we have.
    package func numbers(_ ids: [EventID], in room: RoomNID) async throws -> [EventID: (
        nid: EventNID, flags: EventFlags
    )] {
        guard !ids.isEmpty else { return [:] }
        var found: [EventID: (nid: EventNID, flags: EventFlags)] = [:]
        for var row in try await pool.query(EventStatements.numbers, room.rawValue, ids.map(\.description)) {
            guard let id = EventID(try row.next(String.self)) else { throw StorageError.corrupt("events.event_id") }
            found[id] = (EventNID(try row.next(Int64.self)), EventFlags(rawValue: try row.next(Int32.self)))
        }
        return found
    }

    /// The event that a device sent under this transaction id, if it did. What a deleted device of the same name sent is none, and
    /// from now on the transaction id is free.
    package func event(
        sentBy sender: UserNID, in room: RoomNID, type: String, transaction: EventTransaction
    ) async throws -> EventID? {
        let rows = try await pool.query(
            EventStatements.byTransaction, sender.rawValue, room.rawValue, transaction.deviceID, type,
            transaction.key, Self.clockMarginMilliseconds)
        return try rows.first?.get(0, String?.self).flatMap { EventID($0) }
    }

    // MARK: The live timeline

    /// The newest events with `after < position <= upTo`, newest first.
    package func timeline(
        of room: RoomNID, newestAfter after: Int64, upTo: Int64, limit: Int
    ) async throws -> [StoredEvent] {
        try Self.decode(try await pool.query(EventStatements.timelineBefore, room.rawValue, after, upTo, Int64(limit)))
    }

    /// The oldest events with `after < position <= upTo`, oldest first.
    package func timeline(
        of room: RoomNID, oldestAfter after: Int64, upTo: Int64, limit: Int
    ) async throws -> [StoredEvent] {
        try Self.decode(try await pool.query(EventStatements.timelineAfter, room.rawValue, after, upTo, Int64(limit)))
    }

    /// The newest event at or before a position of the log, shown or not: the state of the room then is the state after it.
    package func newest(in room: RoomNID, upTo position: Int64) async throws -> StoredEvent? {
        try Self.decode(try await pool.query(EventStatements.newestInTimeline, room.rawValue, position)).first
    }

    // MARK: Pagination

    /// Events before `from` and not before `to`, newest first.
    package func events(
        in room: RoomNID, before from: TimelinePoint, downTo to: TimelinePoint, limit: Int
    ) async throws -> [StoredEvent] {
        try Self.decode(
            try await pool.query(
                EventStatements.before, room.rawValue, from.depth, from.position, from.event, to.depth, to.position,
                to.event,
                Int64(limit)))
    }

    /// Events at or after `from` and before `to`, oldest first.
    package func events(
        in room: RoomNID, after from: TimelinePoint, upTo to: TimelinePoint, limit: Int
    ) async throws -> [StoredEvent] {
        try Self.decode(
            try await pool.query(
                EventStatements.after, room.rawValue, from.depth, from.position, from.event, to.depth, to.position,
                to.event,
                Int64(limit)))
    }

    /// Events that we know of and do not have, with the depth of the event that cites them, deepest first.
    package func missing(in room: RoomNID, limit: Int) async throws -> [(eventID: EventID, depth: Int64)] {
        try (try await pool.query(EventStatements.missing, room.rawValue, Int64(limit))).map { row in
            var row = row
            guard let id = EventID(try row.next(String.self)) else {
                throw StorageError.corrupt("missing_events.event_id")
            }
            return (id, try row.next(Int64.self))
        }
    }

    /// How far back the room's history goes here; `nil` when there is none.
    package func lowestDepth(in room: RoomNID) async throws -> Int64? {
        guard var row = try await pool.query(EventStatements.lowestDepth, room.rawValue).first else { return nil }
        return try row.next(Int64.self)
    }

    /// Where a room's events come to be of a time or later, as far as times go up along its history; at its last event when
    /// all are earlier, `nil` when there are none.
    ///
    /// - Cost: one round trip; some twenty index look-ups in a room of a million events.
    package func place(at milliseconds: Int64, in room: RoomNID) async throws -> TimelinePoint? {
        guard var row = try await pool.query(EventStatements.placeAtTime, room.rawValue, milliseconds).first,
            let depth = try row.next(Int64?.self), let position = try row.next(Int64?.self)
        else { return nil }
        return TimelinePoint(depth: depth, position: position, event: 0)
    }

    // MARK: Decoding

    static func decode(_ rows: PostgresRows) throws -> [StoredEvent] {
        try rows.map { row in
            var row = row
            return try decode(&row)
        }
    }

    static func decode(_ row: inout PostgresRow) throws -> StoredEvent {
        let nid = EventNID(try row.next(Int64.self))
        let room = RoomNID(try row.next(Int64.self))
        guard let id = EventID(try row.next(String.self)) else { throw StorageError.corrupt("events.event_id") }
        let position = try row.next(Int64.self)
        let depth = try row.next(Int64.self)
        let sender = UserNID(try row.next(Int64.self))
        let type = try row.next(String.self)
        let stateKey = try row.next(Int64?.self).map { StateKeyNID($0) }
        let flags = EventFlags(rawValue: try row.next(Int32.self))
        let origin = try row.next(Int64.self)
        let state = try row.next([UInt8]?.self).map(RoomStore.stateRoot)
        let auth = try EventNumbers.decode(try row.next([UInt8].self))
        let body = try row.next([UInt8].self)
        let device = try row.next(String?.self)
        let transaction = try row.next(String?.self)
        let redaction = try row.next(Int64?.self).map { EventNID($0) }
        return StoredEvent(
            nid: nid, roomNID: room, eventID: id, position: position, depth: depth, senderNID: sender, type: type,
            stateKeyNID: stateKey, flags: flags, originServerTS: origin, stateBefore: state, authEvents: auth,
            body: body,
            transaction: device.flatMap { device in
                transaction.map { EventTransaction(deviceID: device, key: $0, type: type) }
            }, redactedBy: redaction)
    }
}
