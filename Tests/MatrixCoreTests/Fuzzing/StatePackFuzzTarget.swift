import MatrixCore
import Synchronization

/// Packs as a damaged disk may give them back. Input: a root as it is stored, then the bytes of the only pack.
enum StatePackFuzzTarget {
    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        guard bytes.count > StateRoot.encodedSize,
            let pack = try? StatePack(bytes: Array(bytes[StateRoot.encodedSize...])),
            let root = try? StateRoot(encoded: Array(bytes[..<StateRoot.encodedSize]))
        else { return }
        let isDone = Mutex(false)
        let source = OnePack(pack: pack)
        // Everything is in memory, so the walk promises not to suspend.
        Task.immediate {
            await walk(StateTree(root: root, room: RoomNID(1), source: source))
            isDone.withLock { $0 = true }
        }
        try FuzzFailure.unless(isDone.withLock { $0 }, "a walk over packs in memory suspends")
    }

    private static func walk(_ tree: StateTree) async {
        _ = try? await tree.entries()
        _ = try? await tree.packNumbers()
        _ = try? await tree.event(for: StateKeyNID(3))
        _ = try? await tree.difference(to: .empty)
        _ = try? await tree.at(.empty).difference(to: tree.root)
        let changes = (1...40).map { StateChange(key: StateKeyNID($0), event: $0 % 2 == 0 ? EventNID($0) : nil) }
        _ = try? await tree.applying(changes, newPack: PackNID(2))
    }

    private struct OnePack: StateNodeSource {
        let pack: StatePack

        func cachedPack(_ id: PackNID, room: RoomNID) -> StatePack? { pack }
        func packs(_ ids: [PackNID], room: RoomNID) async throws -> [PackNID: StatePack] {
            Dictionary(ids.map { ($0, pack) }, uniquingKeysWith: { $1 })
        }
    }
}
