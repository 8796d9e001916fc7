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

    /// `nil` for what is no state, what was the first of its key, and what came before the state was known.
    ///
    /// Cost: a look into memory; the first time a walk down the state tree.
    func number(replacedBy event: RoomEvent, in room: RoomRecord) async throws -> EventNID? {
        guard let key = event.stored.stateKeyNID, let before = event.stored.stateBefore else { return nil }
        let number = RoomEventNumber(room: room.nid, event: event.nid)
        if let known = cache[number] { return known }
        let replaced = try await StateTree(root: before, room: room.nid, source: packs).event(for: key)
        cache.keep(replaced, for: number)
        return replaced
    }
}
