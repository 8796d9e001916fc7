package import ApusTesting
package import MatrixCore
package import Rooms
package import Storage

/// Other servers in rooms of a worker.
extension RoomsWorker {
    /// A room as a server sees it that has seen all of it.
    package func view(of room: RoomRecord) async throws -> PeerView {
        let reader = rooms.reader
        guard let head = try await reader.store.head(of: room.nid), let version = RoomVersion(room.version) else {
            throw TestingError("no head: \(room.roomID)")
        }
        let state = try await reader.snapshot(of: room, at: head.state).allEvents()
        let tips = try await reader.events.events(head.extremities, in: room).values
        return PeerView(
            roomID: room.roomID, version: version, state: state.map(\.event), tips: tips.map(\.event))
    }

    /// Writes an event as it would come in a transaction.
    ///
    /// - Parameter state: the state before it as its server tells it; `nil` where we have its predecessors.
    @discardableResult
    package func receive(
        _ event: Event, in room: RoomRecord, after state: [Event]? = nil
    ) async throws -> RoomWriteResult {
        var options = RemoteEventOptions()
        if let state {
            _ = try await rooms.store(outliers: state, in: room)
            let events = try await rooms.reader.events.events(state.map(\.eventID), in: room)
            let update = try await rooms.state(of: events.values, in: room)
            options = RemoteEventOptions(stateBefore: update.tree.root, packs: update.pack.map { [$0] } ?? [])
        }
        return try await rooms.write(.remote(event, options), in: room)
    }
}
