package import MatrixCore
package import Storage

extension RoomService {
    /// Sends an event of a local user to a room by its id.
    ///
    /// - Throws: 403 `M_FORBIDDEN`, the same for a room that does not exist.
    package func send(_ draft: EventDraft, to roomID: RoomID) async throws -> EventID {
        guard let room = try await reader.room(roomID) else { throw MatrixError.unknownRoom }
        return try await send(draft, in: room)
    }

    /// Redacts an event: one's own, or any with enough power.
    ///
    /// - Throws: 403 `M_FORBIDDEN`, 404 `M_NOT_FOUND` when the room has no such event.
    package func redact(
        _ eventID: EventID, in roomID: RoomID, by user: UserRecord, reason: String?, transaction: EventTransaction?
    ) async throws -> EventID {
        let room = try await joinedRoom(roomID, as: user)
        guard let target = try await reader.events.event(eventID, in: room) else { throw MatrixError.unknownEvent }
        guard let version = RoomVersion(room.version), let now = try await reader.current(room) else {
            throw MatrixError.unknownRoom
        }
        if target.event.sender != user.userID {
            let state = try await now.events([.create, .powerLevels])
            let levels = AuthStateMap(state.values.map(\.event)).powerLevels(in: version)
            guard levels.level(of: user.userID) >= levels.required(.redact) else {
                throw MatrixError(.forbidden, "you may not redact events of others")
            }
        }
        var content: [String: JSONValue] = [:]
        if let reason { content["reason"] = .string(reason) }
        if version.hasRedactsInContent { content["redacts"] = .string(eventID.description) }
        let draft = try EventDraft(
            sender: user, type: EventType.redaction, content: .object(content), redacts: eventID, transaction: transaction)
        return try await send(draft, in: room)
    }

    package func joinedRooms(of user: UserNID) async throws -> [RoomID] {
        let joined = try await reader.memberships.memberships(of: user).filter { $0.membership == .join }
        return try await reader.store.rooms(joined.map(\.roomNID)).values.map(\.roomID)
    }

    /// The state at a place of the room's history.
    package func state(at point: TimelinePoint, in readable: ReadableRoom) async throws -> RoomSnapshot {
        let before = try await reader.eventStore.events(in: readable.room.nid, before: point, downTo: .start, limit: 1)
        guard let last = try reader.events.parse(before, in: readable.room).first else { return readable.snapshot }
        return try await reader.state(after: last, in: readable.room) ?? readable.snapshot
    }
}
