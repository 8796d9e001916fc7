import MatrixCore
import Rooms
import Storage

extension SyncBuilder {
    /// Adds events that are sticky and that the timelines leave out: those before a gap or left out by the filter, and for
    /// whoever has just come all that there are.
    ///
    /// Cost: nothing where no timeline leaves anything out; else one query for all rooms.
    ///
    /// - Spec: MSC4354
    func addSticky(to readings: inout [(RoomTask, RoomReading)], _ context: SyncContext) async throws {
        let questions = readings.compactMap { task, reading in
            let hasEvents = task.change?.hasEvents ?? true
            let leavesOut = reading.update.isLimited || context.filter.timeline.isSelective
            return task.isJoined && (reading.update.isNew || (hasEvents && leavesOut))
                ? StickyEvents.Question(room: task.room, since: task.knownUpTo ?? 0, head: task.upTo) : nil
        }
        guard !questions.isEmpty else { return }
        let found = try await sticky.events(questions)
        guard !found.isEmpty else { return }
        for index in readings.indices {
            guard let events = found[readings[index].0.room.nid] else { continue }
            let shown = Set(readings[index].1.timeline.map(\.nid))
            readings[index].1.sticky = events.filter { event in
                !shown.contains(event.nid) && !context.ignored.contains(event.event.sender)
            }
        }
    }
}
