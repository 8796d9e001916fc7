package import MatrixCore
package import Postgres
import Synchronization

/// Rooms: their records, their heads, and the one way in which their events are written.
package struct RoomStore: Sendable {
    let pool: PostgresPool
    private let records = RoomRecordCache()

    package init(pool: PostgresPool) { self.pool = pool }

    /// The room's record, made now if there was none. The version given counts only then, or when none was known yet.
    ///
    /// - Parameter version: `nil` when there is nobody to be believed about it, as with an invite.
    package func intern(_ roomID: RoomID, shard: Int16, version: String?, now: Int64) async throws -> RoomRecord {
        if let known = records[roomID] { return known }
        let rows = try await pool.query(RoomStatements.internRoom, roomID.description, shard, version ?? "", now)
        guard let room = try keep(rows).first else { throw StorageError.missing("room") }
        return room
    }

    package func room(_ roomID: RoomID) async throws -> RoomRecord? {
        if let known = records[roomID] { return known }
        return try keep(try await pool.query(RoomStatements.byID, roomID.description)).first
    }

    package func rooms(_ nids: [RoomNID]) async throws -> [RoomNID: RoomRecord] {
        var found: [RoomNID: RoomRecord] = [:]
        let unknown = nids.filter { nid in
            found[nid] = records[nid]
            return found[nid] == nil
        }
        guard !unknown.isEmpty else { return found }
        for room in try keep(try await pool.query(RoomStatements.byNIDs, unknown.map(\.rawValue))) {
            found[room.nid] = room
        }
        return found
    }

    /// The record when it is in memory.
    func known(_ roomID: RoomID) -> RoomRecord? { records[roomID] }

    func keep(_ rows: PostgresRows) throws -> [RoomRecord] {
        try rows.map { row in
            var row = row
            let nid = RoomNID(try row.next(Int64.self))
            guard let roomID = RoomID(try row.next(String.self)) else { throw StorageError.corrupt("rooms.room_id") }
            let room = RoomRecord(
                nid: nid, roomID: roomID, shard: try row.next(Int16.self), version: try row.next(String.self))
            if !room.version.isEmpty { records.keep(room) }
            return room
        }
    }

    /// The room's head; `nil` while nothing was appended.
    package func head(of room: RoomNID) async throws -> RoomHead? {
        guard var row = try await pool.query(RoomStatements.head, room.rawValue).first else { return nil }
        return RoomHead(
            version: try row.next(Int64.self), extremities: try row.next([Int64].self).map { EventNID($0) },
            state: try Self.stateRoot(try row.next([UInt8].self)), position: try row.next(Int64.self))
    }

    static func stateRoot(_ bytes: [UInt8]) throws -> StateRoot {
        do { return try StateRoot(encoded: bytes) } catch { throw StorageError.corrupt("state root") }
    }

    /// Writes a batch if the room's head still is the one it was computed against. One round trip, one transaction.
    ///
    /// - Throws: a unique violation of `events_by_transaction` when a transaction id was used before, one of `events_id`
    ///   when another worker has given one of the events a number; nothing is written then.
    package func append(_ append: RoomAppend, now: Int64) async throws -> RoomAppendOutcome {
        let events = append.events
        let related = RelatedEvents(events)
        let threaded = events.filter { $0.isLive && $0.flags.isShown && $0.threadRoot != nil }
        let rows = try await pool.query(
            RoomStatements.append, append.room.shard, append.room.nid.rawValue, append.expectedVersion, now,
            append.extremities.map(\.rawValue), append.state.encoded(),
            events.map(\.nid.rawValue), events.map(\.eventID.description), events.map(\.isLive), events.map(\.depth),
            events.map(\.senderNID.rawValue), events.map(\.type), events.map { $0.stateKeyNID?.rawValue },
            events.map(\.flags.rawValue), events.map(\.originServerTS), events.map { $0.stateBefore?.encoded() },
            events.map { EventNumbers.encode($0.authEvents) }, events.map(\.body),
            events.map { $0.transaction?.deviceID },
            events.map { $0.transaction?.key },
            append.packs.map(\.nid.rawValue), append.packs.map(\.body),
            append.memberships.map(\.userNID.rawValue), append.memberships.map(\.serverNID.rawValue),
            append.memberships.map(\.membership.code), append.memberships.map(\.eventNID.rawValue),
            append.redactions.map(\.eventID.description), append.redactions.map(\.by.rawValue),
            append.missing.map(\.eventID.description), append.missing.map(\.child.rawValue),
            append.notifications.map(\.userNID.rawValue), append.notifications.map(\.eventNID.rawValue),
            append.notifications.map(\.actions), related.places, related.parents, related.types,
            threaded.map(\.nid.rawValue), threaded.compactMap { $0.threadRoot?.description })
        guard var row = rows.first else { throw StorageError.missing("append") }
        let outcome = try row.next(Int16.self)
        let position = try row.next(Int64?.self)
        let previous = try row.next(Int64?.self)
        if outcome == 0, let position, let previous { return .written(position: position, previous: previous) }
        return .conflict
    }

    /// Writes events that have no place in the live timeline, and their state packs.
    ///
    /// - Throws: a unique violation when another worker has given one of the events another number; nothing is written then.
    package func store(
        _ events: [NewEvent], packs: [(nid: PackNID, body: [UInt8])] = [],
        missing: [(eventID: EventID, child: EventNID)] = [], redactions: [(eventID: EventID, by: EventNID)] = [],
        in room: RoomRecord
    ) async throws {
        guard !events.isEmpty else { return }
        let related = RelatedEvents(events)
        _ = try await pool.query(
            RoomStatements.store, room.nid.rawValue,
            events.map(\.nid.rawValue), events.map(\.eventID.description), events.map(\.depth),
            events.map(\.senderNID.rawValue), events.map(\.type), events.map { $0.stateKeyNID?.rawValue },
            events.map(\.flags.rawValue), events.map(\.originServerTS), events.map { $0.stateBefore?.encoded() },
            events.map { EventNumbers.encode($0.authEvents) }, events.map(\.body),
            packs.map(\.nid.rawValue), packs.map(\.body), missing.map(\.eventID.description),
            missing.map(\.child.rawValue), redactions.map(\.eventID.description), redactions.map(\.by.rawValue),
            related.places, related.parents, related.types)
    }

    /// The packs of state tree nodes asked for, as they were stored.
    package func packs(_ nids: [PackNID], in room: RoomNID) async throws -> [PackNID: [UInt8]] {
        var found: [PackNID: [UInt8]] = [:]
        for var row in try await pool.query(RoomStatements.packs, room.rawValue, nids.map(\.rawValue)) {
            found[PackNID(try row.next(Int64.self))] = try row.next([UInt8].self)
        }
        return found
    }

    /// Packs of several rooms.
    package func packs(_ wanted: Set<RoomPackNumber>) async throws -> [RoomPackNumber: [UInt8]] {
        let wanted = Array(wanted)
        var found: [RoomPackNumber: [UInt8]] = [:]
        let rows = try await pool.query(
            RoomStatements.packsOfRooms, wanted.map(\.room.rawValue), wanted.map(\.pack.rawValue))
        for row in rows {
            let (room, pack, body) = try row.decode((Int64, Int64, [UInt8]).self)
            found[RoomPackNumber(room: RoomNID(room), pack: PackNID(pack))] = body
        }
        return found
    }
}

/// A pack of a room's state trees, by their numbers.
package struct RoomPackNumber: Sendable, Hashable {
    package let room: RoomNID
    package let pack: PackNID

    package init(room: RoomNID, pack: PackNID) {
        self.room = room
        self.pack = pack
    }
}

/// Records of rooms never change once their version is known: a bounded cache without invalidation.
private final class RoomRecordCache: Sendable {
    private static let maxCached = 100_000
    private let byID = Mutex<[RoomID: RoomRecord]>([:])
    private let byNID = Mutex<[RoomNID: RoomRecord]>([:])

    subscript(roomID: RoomID) -> RoomRecord? { byID.withLock { $0[roomID] } }
    subscript(nid: RoomNID) -> RoomRecord? { byNID.withLock { $0[nid] } }

    func keep(_ room: RoomRecord) {
        byID.withLock { cache in
            if cache.count > Self.maxCached { cache = [:] }
            cache[room.roomID] = room
        }
        byNID.withLock { cache in
            if cache.count > Self.maxCached { cache = [:] }
            cache[room.nid] = room
        }
    }
}
