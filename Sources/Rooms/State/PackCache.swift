package import MatrixCore
package import Storage

/// The packs of state trees, through a bounded cache: they never change, so nobody ever has to invalidate it.
package final class PackCache: StateNodeSource {
    private static let maxCachedBytes = 24 << 20
    private static let overheadBytes = 200

    private struct Key: Hashable {
        let room: RoomNID
        let pack: PackNID
    }

    private let store: RoomStore
    private let cache: GenerationalCache<Key, StatePack>

    package init(store: RoomStore) {
        self.store = store
        cache = GenerationalCache(maxWeight: Self.maxCachedBytes) { $0.bytes.count + Self.overheadBytes }
    }

    package func cachedPack(_ id: PackNID, room: RoomNID) -> StatePack? { cache[Key(room: room, pack: id)] }

    package func packs(_ ids: [PackNID], room: RoomNID) async throws -> [PackNID: StatePack] {
        var found: [PackNID: StatePack] = [:]
        for (id, bytes) in try await store.packs(ids, in: room) {
            let pack = try StatePack(bytes: bytes)
            cache.keep(pack, for: Key(room: room, pack: id))
            found[id] = pack
        }
        return found
    }

    /// Keeps a pack that was just written.
    package func keep(_ pack: StatePack, as id: PackNID, room: RoomNID) {
        cache.keep(pack, for: Key(room: room, pack: id))
    }
}
