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
    static let slack = 8
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
    let earlierStates: EarlierStates
    /// Asks for first pages together with other rooms.
    let questions: RoomQuestions

    /// - Parameters:
    ///   - after: a position of the room's shard; events at or below it are not part of the stretch.
    ///   - upTo: the last position of it.
    ///   - known: those of its events that need not be looked up.
    ///   - viewer: of whom is noted what is found out.
    func read(
        of room: RoomRecord, after: Int64, upTo: Int64, known: KnownEvents?, viewer: inout Viewer, limit: Int,
        matching matches: @Sendable (Event) -> Bool = { _ in true }
    ) async throws -> Timeline {
        let limit = min(max(limit, 0), Self.maxLimit)
        var pages = Pages(
            room: room, after: after, upTo: upTo, known: known, reader: reader, questions: questions,
            sizes: (first: limit + Self.slack, other: max(limit * 2, Self.pageSize)))
        var kept: [RoomEvent] = []
        for _ in 0..<Self.maxPages {
            // There is more, though perhaps nothing that this user may see: that is not looked up.
            if kept.count == limit, limit > 0, pages.hasUsedUpKnown { break }
            var page = try await pages.next()
            if page.isEmpty { return Timeline(events: kept.reversed(), isLimited: false) }
            // What other servers did not send is before this event: whoever wants it asks for the history.
            let gap = page.firstIndex { $0.stored.flags.contains(.followsGap) && $0.stored.flags.isShown }
            if let gap { page.removeSubrange((gap + 1)...) }
            let wanted = page.filter { $0.stored.flags.isShown && matches($0.event) }
            try await noteStay(of: &viewer, at: wanted, in: room)
            for event in try await visibility.visible(wanted, to: viewer, in: room) {
                // One more than wanted tells that there is more.
                if kept.count == limit { return Timeline(events: kept.reversed(), isLimited: true) }
                kept.append(event)
            }
            if gap != nil { return Timeline(events: kept.reversed(), isLimited: true) }
        }
        return Timeline(events: kept.reversed(), isLimited: true)
    }

    /// Notes in which of the states before some events the viewer was in the room as now.
    private func noteStay(of viewer: inout Viewer, at events: [RoomEvent], in room: RoomRecord) async throws {
        guard let user = viewer.user, let now = viewer.joinedIn.first, viewer.joinedIn.count == 1 else { return }
        let others = Set(events.compactMap(\.stored.stateBefore)).subtracting(viewer.joinedIn)
        guard !others.isEmpty, let key = try await questions.numbers(of: [.member(user.userID)]).values.first
        else { return }
        viewer.joinedIn.formUnion(try await earlierStates.alike(others, to: now, of: room, in: key, reader))
    }

    /// The events of a stretch, newest first, page by page.
    private struct Pages {
        let room: RoomRecord
        let after: Int64
        var upTo: Int64
        private var known: KnownEvents?
        let reader: RoomReader
        let questions: RoomQuestions
        private var size: Int
        private let otherSize: Int
        /// Events at `upTo` that were returned already: a batch of the log may be longer than a page.
        private var returned: Set<EventNID> = []
        private var hasEnded = false

        init(
            room: RoomRecord, after: Int64, upTo: Int64, known: KnownEvents?, reader: RoomReader,
            questions: RoomQuestions, sizes: (first: Int, other: Int)
        ) {
            self.room = room
            self.after = after
            self.upTo = upTo
            self.known = known
            self.reader = reader
            self.questions = questions
            (size, otherSize) = sizes
        }

        /// Whether the next page is the first that is looked up, after all events that were known.
        var hasUsedUpKnown: Bool { known.map { $0.numbers.isEmpty && !$0.isAll } ?? false }

        /// Empty at the end.
        mutating func next() async throws -> [RoomEvent] {
            while let known, !known.numbers.isEmpty {
                let page = known.numbers.suffix(size)
                self.known = KnownEvents(numbers: known.numbers.dropLast(page.count), isAll: known.isAll)
                size = max(size, otherSize)
                let events = Self.newestFirst(try await reader.events.list(Array(page), in: room))
                guard let last = events.last else { continue }
                remember(events.map { ($0.nid, $0.stored.position) }, upTo: last.stored.position)
                return events
            }
            if known?.isAll == true { return [] }
            known = nil
            while !hasEnded, after < upTo {
                let stored = try await stored()
                hasEnded = stored.count < size
                size = max(size, otherSize)
                let new = stored.filter { !returned.contains($0.nid) }
                if let last = stored.last {
                    // A page within one batch makes no progress unless the next is larger.
                    if last.position == upTo { size *= 2 }
                    remember(stored.map { ($0.nid, $0.position) }, upTo: last.position)
                }
                if !new.isEmpty { return Self.newestFirst(try reader.events.parse(new, in: room)) }
            }
            return []
        }

        /// Takes note of what is returned: what is at the page's last position may be in the next one again.
        private mutating func remember(_ events: [(nid: EventNID, position: Int64)], upTo last: Int64) {
            let again = events.lazy.filter { $0.position == last }.map(\.nid)
            returned = last == upTo ? returned.union(again) : Set(again)
            upTo = last
        }

        private func stored() async throws -> [StoredEvent] {
            try await questions.timeline(LiveStretch(room: room.nid, after: after, upTo: upTo, limit: size))
        }

        private static func newestFirst(_ events: [RoomEvent]) -> [RoomEvent] {
            events.sorted { ($0.stored.position, $0.nid) > ($1.stored.position, $1.nid) }
        }
    }
}
