package import FederationAPI
package import MatrixCore
import Rooms
import Storage

/// Stretches of history.
extension ServedHistory {
    /// Events that one answer holds, at most.
    package static let maxBackfill = 100

    /// Some events and what was before them, the newest first, as the server may have them.
    ///
    /// - Parameter starts: events of the room; others are left out.
    package func backfill(
        _ roomID: RoomID, from starts: [EventID], limit: Int, for server: ServerName
    ) async throws -> [Event] {
        let open = try await door.room(roomID, forMember: server)
        var walk = EventWalk(reader: reader, room: open.room)
        let events = try await walk.run(
            from: starts, includingThem: true, limit: min(limit, Self.maxBackfill))
        return try await visibility.served(events, to: server, in: open.room)
    }

    /// What a server misses between events that it has and events that it got, the oldest first, as it may have them.
    package func missingEvents(
        _ missing: MissingEvents, in roomID: RoomID, for server: ServerName
    ) async throws -> [Event] {
        let open = try await door.room(roomID, forMember: server)
        var walk = EventWalk(reader: reader, room: open.room, stops: missing.earliestEvents)
        let events = try await walk.run(
            from: missing.latestEvents, includingThem: false, limit: missing.limit, downTo: missing.minimumDepth)
        return try await visibility.served(events.reversed(), to: server, in: open.room)
    }
}
