import MatrixCore
import Rooms
import Storage

/// The newest events of a stretch of a room's live timeline that a client wants and may see.
struct TimelineReader: Sendable {
    /// How a client that does not say gets it.
    static let defaultLimit = 10
    /// The most events of a room in one answer.
    static let maxLimit = 100
    private static let pageSize = 50
    /// What the first page has besides what is wanted: most clients get nearly all that there is.
    private static let slack = 8
    /// Pages that are read while a filter or the visibility leaves too little of them.
    private static let maxPages = 8

    struct Timeline: Sendable {
        /// Oldest first.
        var events: [RoomEvent] = []
        /// Whether there is more of the stretch before them.
        var isLimited = false
    }

    let reader: RoomReader
    let visibility: EventVisibility
    /// Asks for first pages together with other rooms.
    var questions: RoomQuestions?

    /// - Parameters:
    ///   - after: a position of the room's shard; events at or below it are not part of the stretch.
    ///   - upTo: the last position of it.
    ///   - numbers: the events of the stretch, oldest first, when they are known; else they are looked up.
    func read(
        of room: RoomRecord, after: Int64, upTo: Int64, numbers: [EventNID]?, viewer: Viewer, limit: Int,
        matching matches: @Sendable (Event) -> Bool
    ) async throws -> Timeline {
        let limit = min(max(limit, 0), Self.maxLimit)
        var pages = Pages(
            room: room, after: after, upTo: upTo, numbers: numbers, reader: reader, questions: questions,
            sizes: (first: limit + Self.slack, other: max(limit * 2, Self.pageSize)))
        var kept: [RoomEvent] = []
        for _ in 0..<Self.maxPages {
            var page = try await pages.next()
            if page.isEmpty { return Timeline(events: kept.reversed(), isLimited: false) }
            // What other servers did not send is before this event: whoever wants it asks for the history.
            let gap = page.firstIndex { $0.stored.flags.contains(.followsGap) && $0.stored.flags.isShown }
            if let gap { page.removeSubrange((gap + 1)...) }
            let wanted = page.filter { $0.stored.flags.isShown && matches($0.event) }
            for event in try await visibility.visible(wanted, to: viewer, in: room) {
                // One more than wanted tells that there is more.
                if kept.count == limit { return Timeline(events: kept.reversed(), isLimited: true) }
                kept.append(event)
            }
            if gap != nil { return Timeline(events: kept.reversed(), isLimited: true) }
        }
        return Timeline(events: kept.reversed(), isLimited: true)
    }

    /// The events of a stretch, newest first, page by page.
    private struct Pages {
        let room: RoomRecord
        let after: Int64
        var upTo: Int64
        var numbers: [EventNID]?
        let reader: RoomReader
        let questions: RoomQuestions?
        private var size: Int
        private let otherSize: Int
        /// Events at `upTo` that were returned already: a batch of the log may be longer than a page.
        private var returned: Set<EventNID> = []
        private var hasEnded = false

        init(
            room: RoomRecord, after: Int64, upTo: Int64, numbers: [EventNID]?, reader: RoomReader,
            questions: RoomQuestions?, sizes: (first: Int, other: Int)
        ) {
            self.room = room
            self.after = after
            self.upTo = upTo
            self.numbers = numbers
            self.reader = reader
            self.questions = questions
            (size, otherSize) = sizes
        }

        /// Empty at the end.
        mutating func next() async throws -> [RoomEvent] {
            if let rest = numbers {
                let page = rest.suffix(size)
                numbers = rest.dropLast(page.count)
                size = max(size, otherSize)
                return Self.newestFirst(Array(try await reader.events.events(page, in: room).values))
            }
            while !hasEnded, after < upTo {
                let stored = try await stored()
                hasEnded = stored.count < size
                size = max(size, otherSize)
                let new = stored.filter { !returned.contains($0.nid) }
                if let last = stored.last {
                    returned = Set(stored.filter { $0.position == last.position }.map(\.nid)).union(
                        last.position == upTo ? returned : [])
                    // A page within one batch makes no progress unless the next is larger.
                    if last.position == upTo { size *= 2 }
                    upTo = last.position
                }
                if !new.isEmpty { return Self.newestFirst(try reader.events.parse(new, in: room)) }
            }
            return []
        }

        private func stored() async throws -> [StoredEvent] {
            guard let questions else {
                return try await reader.eventStore.timeline(of: room.nid, newestAfter: after, upTo: upTo, limit: size)
            }
            return try await questions.timeline(
                LiveStretch(room: room.nid, after: after, upTo: upTo, limit: size))
        }

        private static func newestFirst(_ events: [RoomEvent]) -> [RoomEvent] {
            events.sorted { ($0.stored.position, $0.nid) > ($1.stored.position, $1.nid) }
        }
    }
}
