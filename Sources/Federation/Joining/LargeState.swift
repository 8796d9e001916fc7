import MatrixCore
import Rooms
import Storage

extension RoomService {
    /// A state made of stored events, however large.
    ///
    /// - Returns: the state, and packs that nobody has stored yet: both go into `RemoteEventOptions`.
    func state(
        of held: [StateKeyNID: EventNID], in room: RoomRecord
    ) async throws -> (root: StateRoot, packs: [StateUpdate.NewPack]) {
        let changes = held.map { StateChange(key: $0.key, event: $0.value) }
        var tree = reader.tree(of: room, at: .empty)
        var packs: [StateUpdate.NewPack] = []
        for some in StateTree.pieces(changes) {
            let update = try await tree.applying(some, newPack: try await writing.numbers.pack())
            tree = update.tree
            if let pack = update.pack { packs.append(pack) }
        }
        return (tree.root, packs)
    }
}
