import MatrixCore
import Rooms
import Storage

/// Finds out which events the timelines of many rooms are made of, for all rooms at once.
struct SlidingTimelines: Sendable {
    /// Events that are looked up besides those wanted, because some may not be for this user.
    private static let slack = 2

    let store: EventStore
    let tails: RoomTails

    /// The newest events of the rooms whose timelines are not told by the log's rows in memory.
    ///
    /// Cost: nothing for rooms that are remembered; two queries for all others.
    func newest(for tasks: [SlidingRoomTask]) async throws -> [RoomNID: KnownEvents] {
        var remembered: [(room: RoomRecord, position: Int64)] = []
        var stretches: [(room: RoomNID, after: Int64, upTo: Int64, count: Int)] = []
        for task in tasks where task.listed.form == .inside && task.config.timelineLimit > 0 {
            let isWhole = task.isInitial || task.expandsTimeline
            guard isWhole || (task.hasEvents && task.rows == nil) else { continue }
            if isWhole, let activity = task.remembered {
                remembered.append((task.room, activity.position))
            } else {
                let count = min(task.config.timelineLimit, SlidingRequest.maxTimeline) + Self.slack
                stretches.append((task.room.nid, isWhole ? 0 : task.known, task.head, count))
            }
        }
        var found = try await tails.tails(of: remembered)
        let read = try await store.timelineNumbers(of: stretches)
        for stretch in stretches {
            let numbers = read[stretch.room] ?? []
            found[stretch.room] = KnownEvents(numbers: numbers, isAll: numbers.count < stretch.count)
        }
        return found
    }
}
