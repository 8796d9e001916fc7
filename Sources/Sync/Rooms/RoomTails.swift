import Cluster
import MatrixCore
import Rooms
import Storage

/// Events of a stretch of a room's live timeline, by number.
struct KnownEvents: Sendable {
    /// The newest of the stretch, oldest first.
    let numbers: [EventNID]
    /// Whether the stretch has no others.
    let isAll: Bool
}

extension KnownEvents {
    /// All events that rows of a room's log tell of.
    init(toldBy rows: some Sequence<LogRow>) {
        self.init(numbers: rows.lazy.filter { $0.kind == .roomEvents }.flatMap { $0.eventNIDs.sorted() }, isAll: true)
    }
}

/// The newest events of rooms by number, remembered: whoever is told a room from the start wants them.
struct RoomTails: Sendable {
    /// Events of a room that are remembered; clients ask for 1 to 30.
    static let length = 50
    /// Numbers of all rooms.
    private static let maxCached = 1_000_000
    /// What a room costs besides its events, in numbers.
    private static let overhead = 16

    private struct Tail: Sendable {
        /// The newest of the events, in the room's shard.
        let position: Int64
        let events: KnownEvents
    }

    private let feed: LogFeed
    private let store: EventStore
    private let cache = GenerationalCache<RoomNID, Tail>(maxWeight: maxCached) { overhead + $0.events.numbers.count }

    init(feed: LogFeed, store: EventStore) {
        self.feed = feed
        self.store = store
    }

    func remembers(_ room: RoomNID) -> Bool { cache[room] != nil }

    /// The newest events of rooms.
    ///
    /// - Parameter rooms: with the position of the room's newest events, or of those up to which it may be told.
    /// - Cost: nothing for rooms whose events are remembered, or told by the log in memory since; one query for all others.
    func tails(of rooms: [(room: RoomRecord, position: Int64)]) async throws -> [RoomNID: KnownEvents] {
        var found: [RoomNID: KnownEvents] = [:]
        found.reserveCapacity(rooms.count)
        var unknown: [(room: RoomNID, after: Int64, upTo: Int64, count: Int)] = []
        for ((room, position), tail) in zip(rooms, cache.values(for: rooms.map(\.room.nid))) {
            if let events = tail.flatMap({ continued($0, of: room, upTo: position) }) {
                found[room.nid] = events
            } else {
                // One more than is remembered tells whether there are others.
                unknown.append((room.nid, after: 0, upTo: position, count: Self.length + 1))
            }
        }
        guard !unknown.isEmpty else { return found }
        let read = try await store.timelineNumbers(of: unknown)
        for stretch in unknown {
            let numbers = read[stretch.room] ?? []
            let events = KnownEvents(newestOf: numbers, isAll: true)
            keep(Tail(position: stretch.upTo, events: events), of: stretch.room)
            found[stretch.room] = events
        }
        return found
    }

    /// The tail with what the log tells of the room after it; `nil` when that is not in memory any more.
    private func continued(_ tail: Tail, of room: RoomRecord, upTo position: Int64) -> KnownEvents? {
        if tail.position == position { return tail.events }
        guard tail.position < position else { return nil }
        let rows = feed.withWindow {
            $0.rows(of: room.nid, in: room.shard, after: tail.position, upTo: position)
        }
        guard let rows else { return nil }
        let newer = KnownEvents(toldBy: rows).numbers
        let events = KnownEvents(newestOf: tail.events.numbers + newer, isAll: tail.events.isAll)
        keep(Tail(position: position, events: events), of: room.nid)
        return events
    }

    private func keep(_ tail: Tail, of room: RoomNID) {
        cache.keep(tail, for: room) { $0.position >= tail.position }
    }
}

extension KnownEvents {
    /// As many of them as are remembered.
    fileprivate init(newestOf numbers: [EventNID], isAll: Bool) {
        self.init(
            numbers: numbers.suffix(RoomTails.length), isAll: isAll && numbers.count <= RoomTails.length)
    }
}
