package import MatrixCore
import Postgres

/// Whose event a membership is, and when it came about.
package struct StandingOrigin: Sendable, Hashable {
    /// `nil` for an event that is not kept, such as an invite of another server.
    package let sender: UserNID?
    /// Milliseconds since 1970; `nil` when the log does not say any more.
    package let writtenAt: Int64?
}

/// What lists of rooms ask of several rooms at once.
extension EventStore {
    /// The numbers of the newest events with `after < position <= upTo` of some rooms, oldest first, `count` of each at most.
    ///
    /// Cost: one query for all.
    package func timelineNumbers(
        of stretches: [(room: RoomNID, after: Int64, upTo: Int64, count: Int)]
    ) async throws -> [RoomNID: [EventNID]] {
        guard !stretches.isEmpty else { return [:] }
        var found: [RoomNID: [EventNID]] = [:]
        let rows = try await pool.query(
            EventStatements.timelineNumbers, stretches.map(\.room.rawValue), stretches.map(\.after),
            stretches.map(\.upTo), stretches.map { Int64($0.count) })
        for row in rows {
            let (room, event) = try row.decode((Int64, Int64).self)
            found[RoomNID(room), default: []].append(EventNID(event))
        }
        return found
    }

    /// Who brought memberships about, and when.
    ///
    /// Cost: one query for all.
    package func origins(
        of standings: [(room: RoomNID, event: EventNID, shard: Int16, position: Int64)]
    ) async throws -> [RoomNID: StandingOrigin] {
        guard !standings.isEmpty else { return [:] }
        var found: [RoomNID: StandingOrigin] = [:]
        let rows = try await pool.query(
            EventStatements.standings, standings.map(\.room.rawValue), standings.map(\.event.rawValue),
            standings.map(\.shard), standings.map(\.position))
        for row in rows {
            let (room, _, sender, time) = try row.decode((Int64, Int64, Int64?, Int64?).self)
            found[RoomNID(room)] = StandingOrigin(sender: sender.map { UserNID($0) }, writtenAt: time)
        }
        return found
    }
}
