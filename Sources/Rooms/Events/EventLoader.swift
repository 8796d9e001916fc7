import Cluster
package import MatrixCore
package import Storage
package import Telemetry

/// Events by number, through a bounded cache.
///
/// An event never changes but in two ways, which the log tells: it may be redacted later (`LogRow.redacted`), and one that is
/// an outlier or soft-failed may get its place in the room. The cache lets go of it then.
package final class EventLoader: Sendable {
    /// Bytes of event bodies that are kept in memory.
    private static let maxCachedBytes = 24 << 20
    /// What an event costs in memory besides its body, roughly.
    private static let overheadBytes = 1000

    private struct Key: Hashable {
        let room: RoomNID
        let event: EventNID
    }

    private struct IDKey: Hashable {
        let room: RoomNID
        let event: EventID
    }

    private let store: EventStore
    private let cache: GenerationalCache<Key, RoomEvent>
    private let numbers: GenerationalCache<IDKey, EventNID>
    private let redactions: RecentRedactions
    private let questions: SharedQuestions<RoomEventNumber, [RoomEventNumber: StoredEvent]>
    private let clock: any Clock
    /// What is missed is asked for together with what others miss at the same moment, unless it is more than this.
    private let mostShared: Int
    private static let mostSharedAlone = 4

    package init(store: EventStore, clock: any Clock) {
        self.store = store
        redactions = RecentRedactions()
        questions = SharedQuestions(clock: clock)
        self.clock = clock
        mostShared = Self.mostSharedAlone
        cache = GenerationalCache(maxWeight: Self.maxCachedBytes) { $0.stored.body.count + Self.overheadBytes }
        numbers = GenerationalCache(maxWeight: 20_000)
    }

    /// The same memory, for one piece of work that reads many rooms side by side.
    ///
    /// - Parameter moment: how long a question waits for others to join.
    package init(gathering other: EventLoader, within moment: Duration = .zero) {
        store = other.store
        cache = other.cache
        numbers = other.numbers
        redactions = other.redactions
        clock = other.clock
        questions = SharedQuestions(moment: moment, clock: clock)
        mostShared = .max
    }

    /// The events with these numbers, those that exist, in no order.
    package func events(_ nids: some Collection<EventNID>, in room: RoomRecord) async throws -> [EventNID: RoomEvent] {
        if nids.isEmpty { return [:] }
        return Dictionary(
            try await list(Array(nids), in: room).lazy.map { ($0.nid, $0) }, uniquingKeysWith: { one, _ in one })
    }

    /// The same as a list, in the order of the numbers.
    package func list(_ nids: [EventNID], in room: RoomRecord) async throws -> [RoomEvent] {
        var found = cache.values(for: nids.map { Key(room: room.nid, event: $0) })
        // Looked at after the events: or else one might be redacted in between.
        let areCurrent = redactions.isEmpty
        let unknown = found.indices.filter { index in
            found[index].map { !areCurrent && !isCurrent($0, in: room) } ?? true
        }
        if !unknown.isEmpty {
            let read = Dictionary(
                try parse(try await stored(unknown.map { nids[$0] }, in: room), in: room).map { ($0.nid, $0) },
                uniquingKeysWith: { one, _ in one })
            for index in unknown { found[index] = read[nids[index]] }
        }
        return found.compactMap(\.self)
    }

    private func stored(_ nids: [EventNID], in room: RoomRecord) async throws -> [StoredEvent] {
        guard nids.count <= mostShared else { return try await store.events(nids, in: room.nid) }
        let wanted = Set(nids.map { RoomEventNumber(room: room.nid, event: $0) })
        let answer = try await questions.ask(wanted) { [store] wanted in
            Dictionary(
                try await store.events(wanted).map { (RoomEventNumber(room: $0.roomNID, event: $0.nid), $0) },
                uniquingKeysWith: { one, _ in one })
        }
        return wanted.compactMap { answer[$0] }
    }

    /// Brings events of several rooms into memory, with one query.
    package func load(_ wanted: Set<RoomEventNumber>, in rooms: [RoomNID: RoomRecord]) async throws {
        let unknown = wanted.filter { cache[Key(room: $0.room, event: $0.event)] == nil }
        for (nid, stored) in Dictionary(grouping: try await store.events(unknown), by: \.roomNID) {
            if let room = rooms[nid] { _ = try parse(stored, in: room) }
        }
    }

    private func cached(_ nid: EventNID, in room: RoomRecord) -> RoomEvent? {
        guard let event = cache[Key(room: room.nid, event: nid)], isCurrent(event, in: room) else { return nil }
        return event
    }

    /// Whether an event in memory is not from before its redaction.
    private func isCurrent(_ event: RoomEvent, in room: RoomRecord) -> Bool {
        event.stored.redactedBy != nil || !redactions.contains(event.eventID, in: room.nid)
    }

    package func event(_ nid: EventNID, in room: RoomRecord) async throws -> RoomEvent? {
        if let event = cached(nid, in: room) { return event }
        return try await events([nid], in: room)[nid]
    }

    package func event(_ id: EventID, in room: RoomRecord) async throws -> RoomEvent? {
        // An outlier may have got its place since.
        if let nid = numbers[IDKey(room: room.nid, event: id)], let event = try await event(nid, in: room),
            event.stored.flags.isDisjoint(with: [.outlier, .softFailed])
        {
            return event
        }
        return try parse(try await store.events([id], in: room.nid), in: room).first
    }

    package func events(_ ids: [EventID], in room: RoomRecord) async throws -> [EventID: RoomEvent] {
        var found: [EventID: RoomEvent] = [:]
        for event in try parse(try await store.events(ids, in: room.nid), in: room) { found[event.eventID] = event }
        return found
    }

    /// Parses what a store has read, and keeps it.
    package func parse(_ stored: [StoredEvent], in room: RoomRecord) throws -> [RoomEvent] {
        // Of a room that we know by an invite only there are none, and its version is not known.
        if stored.isEmpty { return [] }
        guard let version = RoomVersion(room.version) else { throw StorageError.corrupt("rooms.version") }
        return try stored.map { stored in
            if let known = cache[Key(room: room.nid, event: stored.nid)], known.stored.flags == stored.flags,
                known.stored.redactedBy == stored.redactedBy, known.stored.position == stored.position
            {
                return known
            }
            guard let event = try? Event(stored: stored.body, eventID: stored.eventID, version: version) else {
                throw StorageError.corrupt("events.body")
            }
            let parsed = RoomEvent(stored: stored, event: event)
            keep(parsed)
            return parsed
        }
    }

    /// Keeps an event that was just written.
    package func keep(_ event: RoomEvent) {
        cache.keep(event, for: Key(room: event.stored.roomNID, event: event.nid))
        numbers.keep(event.nid, for: IDKey(room: event.stored.roomNID, event: event.eventID))
    }

    /// Lets go of an event that was redacted.
    package func forget(_ id: EventID, in room: RoomNID) {
        if redactions.insert(id, in: room) { cache.removeAll() }
    }

    /// Takes note of a row of the log.
    func follow(_ row: LogRow) {
        guard row.kind == .roomEvents, let room = row.roomNID else { return }
        for id in row.redacted { forget(id, in: room) }
        for nid in row.eventNIDs {
            let key = Key(room: room, event: nid)
            if cache[key]?.stored.flags.isDisjoint(with: [.outlier, .softFailed]) == false { cache.remove(key) }
        }
    }
}
