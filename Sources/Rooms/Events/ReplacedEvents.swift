import MatrixCore
import Storage

/// Which state event another one replaced. Read once from the state before it: that never changes.
final class ReplacedEvents: Sendable {
    /// Events that are remembered, some 50 bytes each.
    private static let maxCached = 200_000

    private let packs: PackCache
    private let cache: GenerationalCache<RoomEventNumber, EventNID?>

    init(packs: PackCache) {
        self.packs = packs
        cache = GenerationalCache(maxWeight: Self.maxCached)
    }

    /// The same memory, for one piece of work that reads many rooms side by side.
    init(gathering other: ReplacedEvents, packs: PackCache) {
        self.packs = packs
        cache = other.cache
    }

    /// Which of the events replaced which; without what is no state, what was the first of its key, and what came before the
    /// state was known.
    ///
    /// Cost: a look into memory; the first time a walk down the state tree for each.
    func numbers(replacedBy events: [RoomEvent], in room: RoomRecord) async throws -> [EventNID: EventNID] {
        var replaced: [EventNID: EventNID] = [:]
        let states = events.filter { $0.stored.stateKeyNID != nil && $0.stored.stateBefore != nil }
        if states.isEmpty { return replaced }
        let numbers = states.map { RoomEventNumber(room: room.nid, event: $0.nid) }
        for (index, known) in cache.values(for: numbers).enumerated() {
            let event = states[index]
            if let known {
                replaced[event.nid] = known
            } else if let key = event.stored.stateKeyNID, let before = event.stored.stateBefore {
                let number = try await StateTree(root: before, room: room.nid, source: packs).event(for: key)
                cache.keep(number, for: numbers[index])
                replaced[event.nid] = number
            }
        }
        return replaced
    }
}
