import MatrixCore
import Rooms
import Storage

/// What changed between states of a room and later ones, remembered: whoever is in the room at the later one, and whose membership
/// is not among the changes, was in it before too, and nothing is read to know that.
struct EarlierStates: Sendable {
    /// Pairs of states, some 150 bytes each.
    private static let maxCached = 200_000
    /// Changes beyond which a pair helps nobody.
    private static let maxChanges = 64

    private struct Pair: Hashable {
        let room: RoomNID
        let earlier: StateRoot
        let later: StateRoot
    }

    private let cache = GenerationalCache<Pair, [StateKeyNID]?>(maxWeight: maxCached)

    /// Those of some states in which a key is what it is in a later one, as far as that is easily known.
    func alike(
        _ states: Set<StateRoot>, to later: StateRoot, of room: RoomRecord, in key: StateKeyNID, _ reader: RoomReader
    ) async throws -> Set<StateRoot> {
        var alike: Set<StateRoot> = []
        for state in states {
            if let changed = try await changes(from: state, to: later, of: room, reader), !changed.contains(key) {
                alike.insert(state)
            }
        }
        return alike
    }

    /// `nil` when there are too many.
    private func changes(
        from earlier: StateRoot, to later: StateRoot, of room: RoomRecord, _ reader: RoomReader
    ) async throws -> [StateKeyNID]? {
        let pair = Pair(room: room.nid, earlier: earlier, later: later)
        if let known = cache[pair] { return known }
        let difference = try await reader.tree(of: room, at: earlier).difference(to: later)
        let changed = difference.count > Self.maxChanges ? nil : difference.map(\.key)
        cache.keep(changed, for: pair)
        return changed
    }
}
