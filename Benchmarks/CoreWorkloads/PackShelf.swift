package import MatrixCore
import Synchronization

/// Packs of state trees, handed out as a database with a cache in front of it does, and counted.
package final class PackShelf: StateNodeSource {
    /// What was read from behind the cache.
    package struct Reads: Equatable, Sendable {
        package var batches = 0
        package var packs = 0
        package var bytes = 0
        /// How often the cache was asked.
        package var lookUps = 0
    }

    private struct Contents {
        var stored: [PackNID: StatePack] = [:]
        var cached: [PackNID: StatePack] = [:]
        var reads = Reads()
        var newest: Int64 = 0
    }

    private let contents = Mutex(Contents())

    package init() {}

    package var reads: Reads { contents.withLock { $0.reads } }

    package func nextNumber() -> PackNID {
        contents.withLock {
            $0.newest += 1
            return PackNID($0.newest)
        }
    }

    /// Stores what an update made, and keeps it in the cache, as its writer does.
    package func store(_ update: StateUpdate) {
        guard let new = update.pack else { return }
        contents.withLock {
            $0.stored[new.number] = new.pack
            $0.cached[new.number] = new.pack
        }
    }

    /// Forgets what was read; with `isCold` also the cache.
    package func reset(isCold: Bool) {
        contents.withLock {
            $0.reads = Reads()
            if isCold { $0.cached = [:] }
        }
    }

    package func cachedPack(_ id: PackNID, room: RoomNID) -> StatePack? {
        contents.withLock {
            $0.reads.lookUps += 1
            return $0.cached[id]
        }
    }

    package func packs(_ ids: [PackNID], room: RoomNID) async throws -> [PackNID: StatePack] {
        contents.withLock { contents in
            contents.reads.batches += 1
            var found: [PackNID: StatePack] = [:]
            for id in ids {
                guard let pack = contents.stored[id] else { continue }
                contents.reads.packs += 1
                contents.reads.bytes += pack.bytes.count
                contents.cached[id] = pack
                found[id] = pack
            }
            return found
        }
    }
}
