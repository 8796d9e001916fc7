package import MatrixCore
package import Postgres

/// Which events are sticky, as far as the database can tell: how long one says that it is stands in the event.
package struct StickyEventStore: Sendable {
    /// Sticky events of a room that are looked at, the newest.
    package static let maxPerRoom: Int64 = 500
    /// Soft-failed ones of the users whose membership has changed.
    private static let maxHidden: Int64 = 100
    private static let maxPurged: Int64 = 1000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Events of the timelines of rooms that may be sticky still, oldest first, with when we got them.
    ///
    /// - Parameter rooms: with the part of the room's log in question: `since < position <= head`.
    package func shown(
        in rooms: [(room: RoomNID, since: Int64, head: Int64)], now: Int64
    ) async throws -> [RoomNID: [(event: EventNID, receivedAt: Int64)]] {
        guard !rooms.isEmpty else { return [:] }
        var found: [RoomNID: [(event: EventNID, receivedAt: Int64)]] = [:]
        let rows = try await pool.query(
            StickyEventStatements.shown, rooms.map(\.room.rawValue), rooms.map(\.since), rooms.map(\.head), now,
            Self.maxPerRoom)
        for row in rows {
            let (room, event, receivedAt) = try row.decode((Int64, Int64, Int64).self)
            found[RoomNID(room), default: []].append((EventNID(event), receivedAt))
        }
        return found
    }

    /// Events of some users that are soft-failed and would be sticky.
    package func hidden(of senders: [UserNID], in room: RoomNID, now: Int64) async throws -> [EventNID] {
        guard !senders.isEmpty else { return [] }
        let rows = try await pool.query(
            StickyEventStatements.hidden, room.rawValue, senders.map(\.rawValue), now, Self.maxHidden)
        return try rows.map { EventNID(try $0.get(0, Int64.self)) }
    }

    /// Forgets events that are sticky no more; what is too much for once goes the next time.
    package func purge(now: Int64) async throws {
        _ = try await pool.query(StickyEventStatements.purge, now, Self.maxPurged)
    }
}
