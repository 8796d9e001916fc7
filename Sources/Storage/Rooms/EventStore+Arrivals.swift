package import MatrixCore
import Postgres

/// From the order in which events came here to that of the graph, by which pagination goes.
///
/// Where the graph has forks an event may come here long after others that stand behind it. What came before or after a place is
/// therefore not what stands before or after it.
extension EventStore {
    /// Events next to the place that are looked at: so many may come here out of the graph's order, one after the other.
    private static let maxOutOfOrder: Int64 = 200

    /// Just after the deepest of the events that came here before a place; `nil` when none did.
    ///
    /// - Parameter place: a log position, and the event at it before which the place is.
    package func deepest(
        earlierThan place: (position: Int64, event: Int64), in room: RoomNID
    ) async throws -> TimelinePoint? {
        guard let event = try await event(ArrivalStatements.deepestOfEarlier, place, room) else { return nil }
        return TimelinePoint(depth: event.depth, position: event.position, event: event.event + 1)
    }

    /// Just before the shallowest of the events that came here after a place; `nil` when none did.
    package func shallowest(
        laterThan place: (position: Int64, event: Int64), in room: RoomNID
    ) async throws -> TimelinePoint? {
        try await event(ArrivalStatements.shallowestOfLater, place, room)
    }

    private func event(
        _ statement: Statement, _ place: (position: Int64, event: Int64), _ room: RoomNID
    ) async throws -> TimelinePoint? {
        let rows = try await pool.query(statement, room.rawValue, place.position, place.event, Self.maxOutOfOrder)
        guard var row = rows.first else { return nil }
        return TimelinePoint(
            depth: try row.next(Int64.self), position: try row.next(Int64.self), event: try row.next(Int64.self))
    }
}
