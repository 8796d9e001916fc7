package import MatrixCore
import Storage

/// What relates to an event.
extension RoomService {
    /// Levels of relations that are followed below an event.
    package static let relationLevels = 3
    package static let maxRelations = 100
    /// Pages that are read while nothing of them may be seen.
    private static var maxRelationPages: Int { 10 }

    /// Which of the events that relate to another are wanted, and which page of them.
    package struct RelationQuestion: Sendable {
        package var relationType: String?
        package var eventType: String?
        /// Whether events are wanted, too, that relate to those which relate to the event.
        package var recurses = false
        package var from: String?
        package var to: String?
        package var direction = Direction.backwards
        package var limit = 20

        package init() {}
    }

    /// A page of the events that relate to an event.
    ///
    /// - Throws: 404 `M_NOT_FOUND` when there is no such event or the viewer may not see it, 400 `M_INVALID_PARAM` for a
    ///   token of nobody's.
    package func relations(
        of eventID: EventID, in readable: ReadableRoom, _ question: RelationQuestion
    ) async throws -> Page {
        let room = readable.room
        guard let parent = try await reader.events.event(eventID, in: room), try await isSeen(parent, readable) else {
            throw MatrixError.unknownEvent
        }
        let isBackwards = question.direction == .backwards
        let filter = RelationFilter(
            relationType: question.relationType, eventType: question.eventType,
            levels: question.recurses ? Self.relationLevels : 1)
        var start = isBackwards ? TimelinePoint.end : .start
        if let from = question.from { start = try await point(from, isBackwards ? .before : .after, in: room) }
        var end = isBackwards ? TimelinePoint.start : .end
        if let to = question.to { end = try await point(to, isBackwards ? .after : .before, in: room) }
        let limit = min(max(question.limit, 1), Self.maxRelations)
        var stretch = TimelineStretch(from: start, upTo: end, isBackwards: isBackwards)
        var kept: [RoomEvent] = []
        for _ in 0..<Self.maxRelationPages {
            let numbers = try await reader.eventStore.relations.events(
                relatedTo: eventID, in: room.nid, filter, stretch, limit: limit)
            let found = try await reader.events.events(numbers, in: room)
            let read = numbers.compactMap { found[$0] }
            guard let last = read.last else { return Page(events: kept, start: start, end: nil) }
            let visible = try await visibility.visible(
                read.filter { $0.stored.redactedBy == nil }, to: readable.viewer, in: room)
            kept += visible.prefix(limit - kept.count)
            let isFull = kept.count == limit
            let stop = (isFull ? kept.last ?? last : last).stored
            stretch.from = isBackwards ? .before(stop) : .after(stop)
            if isFull { break }
            if numbers.count < limit { return Page(events: kept, start: start, end: nil) }
        }
        return Page(events: kept, start: start, end: stretch.from)
    }
}
