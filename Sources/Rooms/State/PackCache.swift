import Cluster
package import MatrixCore
package import Storage
package import Telemetry

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

    private let questions: SharedQuestions<RoomPackNumber, [RoomPackNumber: [UInt8]]>
    private let clock: any Clock
    /// What is missed is asked for together with what others miss at the same moment, unless it is more than this.
    private let mostShared: Int
    private static let mostSharedAlone = 4

    package init(store: RoomStore, clock: any Clock) {
        self.store = store
        self.clock = clock
        cache = GenerationalCache(maxWeight: Self.maxCachedBytes) { $0.bytes.count + Self.overheadBytes }
        questions = SharedQuestions(clock: clock)
        mostShared = Self.mostSharedAlone
    }

    /// The same memory, for one piece of work that reads many rooms side by side.
    ///
    /// - Parameter moment: how long a question waits for others to join.
    package init(gathering other: PackCache, within moment: Duration = .zero) {
        store = other.store
        clock = other.clock
        cache = other.cache
        questions = SharedQuestions(moment: moment, clock: clock)
        mostShared = .max
    }

    package func cachedPack(_ id: PackNID, room: RoomNID) -> StatePack? { cache[Key(room: room, pack: id)] }

    /// Brings the packs that some rooms' states begin with into memory, with one query: all there is of the states of small
    /// rooms.
    package func load(_ roots: [(room: RoomNID, root: StateRoot)]) async throws {
        var wanted: Set<RoomPackNumber> = []
        for (room, root) in roots where !root.isEmpty && cachedPack(root.pack, room: room) == nil {
            wanted.insert(RoomPackNumber(room: room, pack: root.pack))
        }
        guard !wanted.isEmpty else { return }
        for (number, bytes) in try await store.packs(wanted) {
            keep(try StatePack(bytes: bytes), as: number.pack, room: number.room)
        }
    }

    package func packs(_ ids: [PackNID], room: RoomNID) async throws -> [PackNID: StatePack] {
        var found: [PackNID: StatePack] = [:]
        for (id, bytes) in try await stored(ids, room) {
            let pack = try StatePack(bytes: bytes)
            cache.keep(pack, for: Key(room: room, pack: id))
            found[id] = pack
        }
        return found
    }

    private func stored(_ ids: [PackNID], _ room: RoomNID) async throws -> [PackNID: [UInt8]] {
        guard ids.count <= mostShared else { return try await store.packs(ids, in: room) }
        let wanted = Set(ids.map { RoomPackNumber(room: room, pack: $0) })
        let answer = try await questions.ask(wanted) { [store] in try await store.packs($0) }
        var found: [PackNID: [UInt8]] = [:]
        for one in wanted { found[one.pack] = answer[one] }
        return found
    }

    /// Keeps a pack that was just written.
    package func keep(_ pack: StatePack, as id: PackNID, room: RoomNID) {
        cache.keep(pack, for: Key(room: room, pack: id))
    }
}
