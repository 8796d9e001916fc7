import MatrixCore
package import Storage
import Synchronization

/// The writers of a worker's rooms, made when first used.
package final class RoomWriters: Sendable {
    /// Writers that are kept: what one holds can be read again from the database at any time.
    private static let maxWriters = 20_000

    private let services: RoomWriting
    private let writers = Mutex<[RoomNID: RoomWriter]>([:])

    package init(services: RoomWriting) { self.services = services }

    /// Writes into a room, in turn with what else this worker writes into it.
    package func write(_ request: RoomWrite, in room: RoomRecord) async throws -> RoomWriteResult {
        try await writer(of: room).write(request)
    }

    /// Writes several things into a room, one after the other, each by itself.
    package func write(
        each requests: [RoomWrite], in room: RoomRecord
    ) async -> [Result<RoomWriteResult, any Error>] {
        await writer(of: room).write(each: requests)
    }

    private func writer(of room: RoomRecord) -> RoomWriter {
        writers.withLock { writers in
            if let writer = writers[room.nid] { return writer }
            // Whoever is at work keeps its own writer alive; two writers of one room only race, as two workers do.
            if writers.count >= Self.maxWriters { writers = [:] }
            let writer = RoomWriter(room: room, services: services)
            writers[room.nid] = writer
            return writer
        }
    }
}
