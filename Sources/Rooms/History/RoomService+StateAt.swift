import MatrixCore
package import Storage

/// The state at places of a room's history.
extension RoomService {
    /// The state at the place of the room's history that a token stands for.
    ///
    /// - Throws: 400 `M_INVALID_PARAM` for a token of nobody's, 403 `M_FORBIDDEN` where the viewer may see nothing.
    package func state(at token: String, in readable: ReadableRoom) async throws -> RoomSnapshot {
        try await state(at: try await point(token, in: readable.room), in: readable)
    }

    /// The state at a place of the room's history: who may see the event before it or the one after it may know the state
    /// between them. Nobody is told what came after they left.
    ///
    /// - Throws: 403 `M_FORBIDDEN`.
    package func state(at point: TimelinePoint, in readable: ReadableRoom) async throws -> RoomSnapshot {
        let (room, store) = (readable.room, reader.eventStore)
        if let leftAt = readable.viewer.leftAt, point >= leftAt { return readable.snapshot }
        let after = try reader.events.parse(
            try await store.events(in: room.nid, after: point, upTo: .end, limit: 1), in: room)
        if after.isEmpty { return readable.snapshot }
        let before = try reader.events.parse(
            try await store.events(in: room.nid, before: point, downTo: .start, limit: 1), in: room)
        if let last = before.first, try await isSeen(last, readable),
            let state = try await reader.state(after: last, in: room)
        {
            return state
        }
        if let next = after.first, try await isSeen(next, readable), let root = next.stored.stateBefore {
            return reader.snapshot(of: room, at: root)
        }
        throw MatrixError(.forbidden, "you may not see the room as it was then")
    }

    /// Whether the viewer may see an event, whoever sent it.
    func isSeen(_ event: RoomEvent, _ readable: ReadableRoom) async throws -> Bool {
        var viewer = readable.viewer
        viewer.ignored = []
        return try await visibility.isVisible(event, to: viewer, in: readable.room)
    }
}
