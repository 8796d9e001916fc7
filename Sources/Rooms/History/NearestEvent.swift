import MatrixCore
package import Storage

/// Finds the event of a room that is nearest to a time.
///
/// Times are what other servers claim. They are taken to go up along the room's history, which they do but for wrong clocks;
/// near the place that comes of it the nearest one is looked for exactly.
package struct NearestEvent: Sendable {
    /// Events that are looked at on each side of the place.
    private static let around = 50
    private static let pageSize = 100
    /// Pages that are read on while nothing of them is wanted.
    private static let maxPages = 10

    /// What was found, and how the place looks.
    package struct Finding: Sendable {
        package let event: RoomEvent?
        /// The depths between which the place lies: of the events next to it, as far as there are any.
        let before: Int64?
        let after: Int64?
    }

    let reader: RoomReader
    let room: RoomRecord
    let milliseconds: Int64
    let direction: RoomService.Direction

    package init(_ reader: RoomReader, in room: RoomRecord, at milliseconds: Int64, _ direction: RoomService.Direction)
    {
        self.reader = reader
        self.room = room
        self.milliseconds = milliseconds
        self.direction = direction
    }

    /// - Parameter permitted: of some events those that may be told.
    /// - Cost: three queries when one of the events near the place may be told.
    package func find(_ permitted: ([RoomEvent]) async throws -> [RoomEvent]) async throws -> Finding {
        guard let place = try await reader.eventStore.place(at: milliseconds, in: room.nid) else {
            return Finding(event: nil, before: nil, after: nil)
        }
        let before = try await page(from: place, .backwards, limit: Self.around)
        let after = try await page(from: place, .forwards, limit: Self.around)
        var best = nearest(of: try await permitted((before + after).filter(isWanted)))
        var last = direction == .forwards ? after.last : before.last
        for _ in 0..<Self.maxPages {
            guard best == nil, let end = last?.stored else { break }
            let page = try await page(
                from: direction == .forwards ? .after(end) : .before(end), direction, limit: Self.pageSize)
            best = nearest(of: try await permitted(page.filter(isWanted)))
            last = page.last
        }
        let nearby = before + after
        return Finding(
            event: best,
            before: nearby.filter { $0.event.originServerTS < milliseconds }.map(\.stored.depth).max(),
            after: nearby.filter { $0.event.originServerTS >= milliseconds }.map(\.stored.depth).min())
    }

    private func page(
        from place: TimelinePoint, _ direction: RoomService.Direction, limit: Int
    ) async throws -> [RoomEvent] {
        let store = reader.eventStore
        let read =
            switch direction {
            case .forwards: try await store.events(in: room.nid, after: place, upTo: .end, limit: limit)
            case .backwards: try await store.events(in: room.nid, before: place, downTo: .start, limit: limit)
            }
        return try reader.events.parse(read, in: room)
    }

    func isWanted(_ event: RoomEvent) -> Bool { isInDirection(event.event.originServerTS) }

    func isInDirection(_ time: Int64) -> Bool {
        direction == .forwards ? time >= milliseconds : time <= milliseconds
    }

    /// Of events at the same time the one that the search comes to first.
    private func nearest(of events: [RoomEvent]) -> RoomEvent? {
        func rank(_ event: RoomEvent) -> (Int64, TimelinePoint) {
            (event.event.originServerTS, TimelinePoint.before(event.stored))
        }
        return direction == .forwards
            ? events.min { rank($0) < rank($1) } : events.max { rank($0) < rank($1) }
    }
}
