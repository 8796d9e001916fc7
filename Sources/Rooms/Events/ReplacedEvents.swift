import MatrixCore
import Storage
import Synchronization

/// Which state event another one replaced. Read once from the state before it: that never changes.
struct ReplacedEvents: Sendable {
    let packs: PackCache

    /// Which of the events replaced which; without what is no state, what was the first of its key, and what came before the
    /// state was known.
    ///
    /// Cost: nothing but the first time; then a walk down the state tree for each.
    func numbers(replacedBy events: [RoomEvent], in room: RoomRecord) async throws -> [EventNID: EventNID] {
        var replaced: [EventNID: EventNID] = [:]
        for event in events {
            guard let key = event.stored.stateKeyNID, let before = event.stored.stateBefore else { continue }
            var number = event.replaced.load(ordering: .relaxed)
            if number == RoomEvent.notLookedUp {
                let tree = StateTree(root: before, room: room.nid, source: packs)
                number = try await tree.event(for: key)?.rawValue ?? 0
                event.replaced.store(number, ordering: .relaxed)
            }
            if number != 0 { replaced[event.nid] = EventNID(number) }
        }
        return replaced
    }
}
