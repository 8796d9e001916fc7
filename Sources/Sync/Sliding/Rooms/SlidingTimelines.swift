import MatrixCore
import Rooms
import Storage

/// Reads timelines for answers that hold many rooms: first which events there are, for all rooms at once, and then those that are
/// not in memory.
struct SlidingTimelines: Sendable {
    /// Events that are looked up besides those wanted, because some may not be for this user.
    private static let slack = 2

    let reader: RoomReader
    let timelines: TimelineReader

    /// The numbers of the newest events of the rooms whose timelines are not told by the log's rows in memory.
    ///
    /// Cost: one query.
    func newest(for tasks: [SlidingRoomTask]) async throws -> [RoomNID: [EventNID]] {
        let stretches = tasks.compactMap { task -> (room: RoomNID, after: Int64, upTo: Int64, count: Int)? in
            guard task.listed.form == .inside, task.config.timelineLimit > 0 else { return nil }
            let isWhole = task.isInitial || task.expandsTimeline
            guard isWhole || (task.hasEvents && task.rows == nil) else { return nil }
            return (task.room.nid, isWhole ? 0 : task.known, task.head, Self.count(for: task.config.timelineLimit))
        }
        var found = try await reader.eventStore.timelineNumbers(of: stretches)
        for stretch in stretches where found[stretch.room] == nil { found[stretch.room] = [] }
        return found
    }

    private static func count(for limit: Int) -> Int { min(limit, SlidingRequest.maxTimeline) + slack }

    /// - Parameters:
    ///   - newest: what `newest(for:)` has found; the stretch has no more than these when they are fewer than were asked for.
    ///   - all: all events of the stretch, oldest first, when they are known.
    func read(
        of room: RoomRecord, after: Int64, upTo: Int64, newest: [EventNID]?, all: [EventNID]?, viewer: Viewer,
        limit: Int
    ) async throws -> TimelineReader.Timeline {
        if let newest, all == nil {
            let isAll = newest.count < Self.count(for: limit)
            var timeline = try await timelines.read(
                of: room, after: after, upTo: upTo, numbers: newest, viewer: viewer, limit: limit,
                matching: { _ in true })
            if isAll || timeline.isLimited { return timeline }
            if timeline.events.count == limit {
                // There is more, though perhaps nothing that this user may see.
                timeline.isLimited = true
                return timeline
            }
        }
        return try await timelines.read(
            of: room, after: after, upTo: upTo, numbers: all, viewer: viewer, limit: limit, matching: { _ in true })
    }
}
