import MatrixCore
import Synchronization

/// Packs in memory, handed out as if they came from a database: counted, and not cached unless asked for.
final class MemoryNodeSource: StateNodeSource {
    private struct Contents {
        var packs: [PackNID: StatePack] = [:]
        var isCaching = true
        var reads: [[PackNID]] = []
    }

    private let contents = Mutex(Contents())

    /// The calls of ``packs(_:room:)`` so far.
    var reads: [[PackNID]] { contents.withLock { $0.reads } }

    func store(_ update: StateUpdate) {
        guard let new = update.pack else { return }
        contents.withLock { $0.packs[new.number] = new.pack }
    }

    func store(_ pack: StatePack, as id: PackNID) {
        contents.withLock { $0.packs[id] = pack }
    }

    func stopCaching() {
        contents.withLock {
            $0.isCaching = false
            $0.reads = []
        }
    }

    func cachedPack(_ id: PackNID, room: RoomNID) -> StatePack? {
        contents.withLock { $0.isCaching ? $0.packs[id] : nil }
    }

    func packs(_ ids: [PackNID], room: RoomNID) async throws -> [PackNID: StatePack] {
        contents.withLock { contents in
            contents.reads.append(ids)
            return contents.packs.filter { ids.contains($0.key) }
        }
    }
}

/// SplitMix64, so that a failing case can be run again from its seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
