import MatrixCore
import Rooms
import Storage

extension RoomService {
    /// Entries that are put into an empty tree at once. A pack has room for 65,536 nodes, and a tree of this size for some
    /// fifty thousand.
    private static var firstEntries: Int { 100_000 }
    /// Entries that each further pack brings: it has their nodes and few others.
    private static var furtherEntries: Int { 25_000 }

    /// A state made of stored events, however large.
    ///
    /// - Returns: the state, and packs that nobody has stored yet: both go into `RemoteEventOptions`.
    func state(
        of held: [StateKeyNID: EventNID], in room: RoomRecord
    ) async throws -> (root: StateRoot, packs: [StateUpdate.NewPack]) {
        let changes = held.map { StateChange(key: $0.key, event: $0.value) }
        let first = Array(changes.prefix(Self.firstEntries))
        var tree = reader.tree(of: room, at: .empty)
        var packs: [StateUpdate.NewPack] = []
        for some in [first] + Array(changes.dropFirst(Self.firstEntries)).pieces(of: Self.furtherEntries) {
            let update = try await tree.applying(some, newPack: try await writing.numbers.pack())
            tree = update.tree
            if let pack = update.pack { packs.append(pack) }
        }
        return (tree.root, packs)
    }
}
