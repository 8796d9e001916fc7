package import MatrixCore
package import Storage
import Telemetry

/// Reading back: pages of history, the surroundings of an event, single events.
extension RoomService {
    package enum Direction: String, Sendable {
        case backwards = "b"
        case forwards = "f"
    }

    /// A page of a room's history.
    package struct Page: Sendable {
        /// In the direction that was asked for.
        package let events: [RoomEvent]
        package let start: TimelinePoint
        /// Where the next page begins; `nil` at the end of what there is.
        package let end: TimelinePoint?

        package var startToken: String { start.token }
        package var endToken: String? { end?.token }
    }

    /// A page from and to the places that tokens stand for: ours, or a sync's.
    ///
    /// - Throws: 400 `M_INVALID_PARAM` for a token of nobody's.
    package func page(
        of readable: ReadableRoom, from: String?, to: String?, direction: Direction, limit: Int,
        matching matches: @Sendable (RoomEvent) -> Bool
    ) async throws -> Page {
        let isBackwards = direction == .backwards
        var start: TimelinePoint?
        if let from { start = try await point(from, isBackwards ? .before : .after, in: readable.room) }
        var end: TimelinePoint?
        if let to { end = try await point(to, isBackwards ? .after : .before, in: readable.room) }
        return try await page(of: readable, from: start, to: end, direction: direction, limit: limit, matching: matches)
    }

    /// The place in a room's history that a client's token stands for.
    ///
    /// - Throws: 400 `M_INVALID_PARAM`.
    package func point(_ token: String, in room: RoomRecord) async throws -> TimelinePoint {
        if let token = HistoryToken(token) { return token.point }
        return try await point(at: try position(of: token, in: room), in: room)
    }

    /// The side of a token's place on which a page lies.
    package enum Side: Sendable {
        case before
        case after
    }

    /// Where a page begins or ends that lies on one side of the place that a client's token stands for.
    ///
    /// Tokens of syncs stand in the order in which events came here, pages go by the graph. So that a gap between two syncs can be
    /// filled whole, the page reaches as far as the deepest event that came before the place, or the shallowest that came after
    /// it. What the client knows already may be on it again.
    ///
    /// - Throws: 400 `M_INVALID_PARAM`.
    /// - Cost: a query for tokens of syncs.
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#syncing
    func point(_ token: String, _ side: Side, in room: RoomRecord) async throws -> TimelinePoint {
        let point: TimelinePoint
        let place: (position: Int64, event: Int64)
        if let token = HistoryToken(token) {
            guard token.isArrival else { return token.point }
            point = token.point
            place = (point.position, point.event)
        } else {
            let position = try self.position(of: token, in: room)
            point = try await self.point(at: position, in: room)
            place = (position, .max)
        }
        switch side {
        case .before: return max(point, try await reader.eventStore.deepest(earlierThan: place, in: room.nid) ?? point)
        case .after: return min(point, try await reader.eventStore.shallowest(laterThan: place, in: room.nid) ?? point)
        }
    }

    private func position(of token: String, in room: RoomRecord) throws -> Int64 {
        guard let position = syncPosition(token, room.shard) else {
            throw MatrixError(.invalidParam, "the token is not valid")
        }
        return position
    }

    package static let maxPage = 1_000
    /// Pages that are read for one request while a filter or the visibility leaves nothing of them.
    private static var maxPagesScanned: Int { 10 }

    /// A page of what the viewer may see, after the filter.
    ///
    /// Pages that nothing is left of are passed over, so that a client is not stopped by a stretch that it may not see.
    package func page(
        of readable: ReadableRoom, from: TimelinePoint?, to: TimelinePoint?, direction: Direction, limit: Int,
        matching matches: @Sendable (RoomEvent) -> Bool
    ) async throws -> Page {
        let room = readable.room
        let limit = min(max(limit, 1), Self.maxPage)
        let start = from ?? (direction == .backwards ? (readable.viewer.leftAt ?? .end) : .start)
        var at = start
        var kept: [RoomEvent] = []
        for _ in 0..<Self.maxPagesScanned {
            let read = try await events(in: room, from: at, to: to, direction: direction, limit: limit)
            guard let last = read.last else { return Page(events: kept, start: start, end: nil) }
            let visible = try await visibility.visible(read.filter(matches), to: readable.viewer, in: room)
            kept += visible.prefix(limit - kept.count)
            let isFull = kept.count == limit
            // When the page is full the next one starts right after the last event of it.
            let end = isFull ? (kept.last ?? last) : last
            at = direction == .backwards ? .before(end.stored) : .after(end.stored)
            if isFull { break }
            if read.count < limit, direction == .forwards { return Page(events: kept, start: start, end: nil) }
        }
        return Page(events: kept, start: start, end: at)
    }

    private func events(
        in room: RoomRecord, from: TimelinePoint, to: TimelinePoint?, direction: Direction, limit: Int
    ) async throws -> [RoomEvent] {
        switch direction {
        case .forwards:
            return try reader.events.parse(
                try await reader.eventStore.events(in: room.nid, after: from, upTo: to ?? .end, limit: limit), in: room)
        case .backwards:
            let read = try await reader.eventStore.events(
                in: room.nid, before: from, downTo: to ?? .start, limit: limit)
            guard let remote, try await fetchMissing(room, from: from, read: read, limit: limit, remote) else {
                return try reader.events.parse(read, in: room)
            }
            return try reader.events.parse(
                try await reader.eventStore.events(in: room.nid, before: from, downTo: to ?? .start, limit: limit),
                in: room)
        }
    }

    /// Asks other servers for history when the page that was read reaches a place where some is missing.
    private func fetchMissing(
        _ room: RoomRecord, from: TimelinePoint, read: [StoredEvent], limit: Int, _ remote: any RemoteRooms
    ) async throws -> Bool {
        let lowest = read.count < limit ? 0 : (read.last?.depth ?? 0)
        let missing = try await reader.eventStore.missing(in: room.nid, limit: 20)
            .filter { $0.depth >= lowest && $0.depth <= from.depth }
        guard !missing.isEmpty else { return false }
        do { return try await remote.backfill(room, before: missing.map(\.eventID), limit: max(limit, 50)) } catch {
            writing.telemetry.log.warning("backfill failed", [.roomID: "\(room.roomID)", .cause: "\(error)"])
            return false
        }
    }

    /// One event that the viewer may see.
    ///
    /// - Throws: 404 `M_NOT_FOUND`.
    package func event(_ eventID: EventID, in readable: ReadableRoom) async throws -> RoomEvent {
        guard let event = try await reader.events.event(eventID, in: readable.room),
            try await visibility.isVisible(event, to: readable.viewer, in: readable.room)
        else { throw MatrixError.unknownEvent }
        return event
    }

    /// One event that the user may see, and its room. Ids of old versions may repeat: then the one is meant whose room the
    /// user may read.
    ///
    /// - Throws: 404 `M_NOT_FOUND`.
    package func event(
        _ eventID: EventID, for user: UserRecord
    ) async throws -> (event: RoomEvent, readable: ReadableRoom) {
        for stored in try await reader.eventStore.events(withID: eventID) {
            guard let room = try await reader.store.rooms([stored.roomNID])[stored.roomNID] else { continue }
            let readable: ReadableRoom
            do { readable = try await readableRoom(room.roomID, by: user) } catch let error as MatrixError
                where error == .unknownRoom
            { continue }
            guard let event = try reader.events.parse([stored], in: room).first,
                try await visibility.isVisible(event, to: readable.viewer, in: room)
            else { continue }
            return (event, readable)
        }
        throw MatrixError.unknownEvent
    }

    /// An event and what stands around it.
    package struct Context: Sendable {
        package let event: RoomEvent
        package let before: Page
        package let after: Page
        /// The state at the last event of it.
        package let state: RoomSnapshot
    }

    package func context(
        of eventID: EventID, in readable: ReadableRoom, limit: Int, matching matches: @Sendable (RoomEvent) -> Bool
    ) async throws -> Context {
        let event = try await self.event(eventID, in: readable)
        let half = max(0, min(limit, Self.maxPage)) / 2
        let before =
            half == 0
            ? Page(events: [], start: .before(event.stored), end: .before(event.stored))
            : try await page(
                of: readable, from: .before(event.stored), to: nil, direction: .backwards, limit: half,
                matching: matches)
        let rest = min(max(0, limit), Self.maxPage) - half
        let after =
            rest == 0
            ? Page(events: [], start: .after(event.stored), end: .after(event.stored))
            : try await page(
                of: readable, from: .after(event.stored), to: nil, direction: .forwards, limit: rest, matching: matches)
        let last = after.events.last ?? event
        let state = try await reader.state(after: last, in: readable.room) ?? readable.snapshot
        return Context(event: event, before: before, after: after, state: state)
    }

    /// The place in the graph's order that a position of the log stands for: after the newest event up to there.
    package func point(at position: Int64, in room: RoomRecord) async throws -> TimelinePoint {
        try await reader.eventStore.newest(in: room.nid, upTo: position).map { .after($0) } ?? .start
    }
}
