import MatrixCore
import Rooms
import Storage

/// A walk from events to those before them, the deepest first. It goes through what was soft-failed, since others may have
/// built on it, and around what was rejected or has no place.
struct EventWalk {
    /// Events that are looked at for each one that is wanted: what stands in between is bounded too.
    private static let stepsPerEvent = 4

    private let reader: RoomReader
    private let room: RoomRecord
    /// What was read ahead.
    private var known: [EventID: RoomEvent] = [:]
    private var seen: Set<EventID>
    private var open: [RoomEvent] = []

    /// - Parameter stops: events that are neither found nor gone beyond.
    init(reader: RoomReader, room: RoomRecord, stops: [EventID] = []) {
        self.reader = reader
        self.room = room
        seen = Set(stops)
    }

    /// The events in the order of the walk.
    ///
    /// - Parameters:
    ///   - starts: found too, unless only what is before them is wanted.
    ///   - depth: what is less deep is not found.
    mutating func run(
        from starts: [EventID], includingThem: Bool, limit: Int, downTo depth: Int64 = .min
    ) async throws -> [RoomEvent] {
        guard limit > 0 else { return [] }
        let first = try await load(starts.filter { seen.insert($0).inserted })
        try await readAhead(of: first, limit: limit)
        if includingThem {
            first.forEach { push($0) }
        } else {
            try await push(before: first)
        }
        var found: [RoomEvent] = []
        var steps = limit * Self.stepsPerEvent
        while found.count < limit, steps > 0, let event = pop() {
            steps -= 1
            guard event.event.depth >= depth else { continue }
            found.append(event)
            try await push(before: [event])
        }
        return found
    }

    /// History mostly is a line: one query brings what the walk will most likely come by.
    private mutating func readAhead(of events: [RoomEvent], limit: Int) async throws {
        guard let newest = events.max(by: { $0.event.depth < $1.event.depth }) else { return }
        let before = try await reader.eventStore.events(
            in: room.nid, before: .before(newest.stored), downTo: .start, limit: limit)
        for event in try reader.events.parse(before, in: room) { known[event.eventID] = event }
    }

    private mutating func push(before events: [RoomEvent]) async throws {
        let ids = events.flatMap(\.event.prevEvents).filter { seen.insert($0).inserted }
        for event in try await load(ids) { push(event) }
    }

    private func load(_ ids: [EventID]) async throws -> [RoomEvent] {
        let missing = ids.filter { known[$0] == nil }
        let loaded = missing.isEmpty ? [:] : try await reader.events.events(missing, in: room)
        return ids.compactMap { known[$0] ?? loaded[$0] }.filter { event in
            event.stored.stateBefore != nil && event.stored.flags.isDisjoint(with: [.rejected, .outlier])
        }
    }

    // MARK: The open ends, the deepest last

    private mutating func push(_ event: RoomEvent) {
        let place = open.firstIndex { Self.isBefore(event, $0) } ?? open.endIndex
        open.insert(event, at: place)
    }

    private mutating func pop() -> RoomEvent? { open.popLast() }

    private static func isBefore(_ one: RoomEvent, _ other: RoomEvent) -> Bool {
        (one.event.depth, one.nid) < (other.event.depth, other.nid)
    }
}
