package import MatrixCore
package import Storage

extension RoomService {
    /// Sends an event of a local user to a room by its id.
    ///
    /// - Throws: 403 `M_FORBIDDEN`, the same for a room that does not exist.
    package func send(_ draft: EventDraft, to roomID: RoomID) async throws -> EventID {
        guard let room = try await reader.room(roomID) else { throw MatrixError.unknownRoom }
        // An invite goes its own way, by whatever path somebody asks for it.
        if draft.type == EventType.member, let target = draft.stateKey.flatMap({ UserID($0) }),
            Membership(content: draft.content) == .invite
        {
            return try await invite(draft, of: target, in: room)
        }
        if let sent = try await checkRelation(of: draft, in: room) { return sent }
        return try await send(draft, in: room)
    }

    /// Redacts an event: one's own, or any with enough power.
    ///
    /// - Throws: 403 `M_FORBIDDEN`, 404 `M_NOT_FOUND` when the room has no such event.
    package func redact(
        _ eventID: EventID, in roomID: RoomID, by user: UserRecord, reason: String?, device: String?,
        transactionID: String
    ) async throws -> EventID {
        let room = try await joinedRoom(roomID, as: user)
        guard let target = try await reader.events.event(eventID, in: room) else { throw MatrixError.unknownEvent }
        guard let version = RoomVersion(room.version), let now = try await reader.current(room) else {
            throw MatrixError.unknownRoom
        }
        if target.event.sender != user.userID {
            let levels = try await now.powerLevels()
            guard levels.level(of: user.userID) >= levels.required(.redact) else {
                throw MatrixError(.forbidden, "you may not redact events of others")
            }
        }
        var content: [String: JSONValue] = [:]
        if let reason { content["reason"] = .string(reason) }
        if version.hasRedactsInContent { content["redacts"] = .string(eventID.description) }
        let draft = try EventDraft(
            sender: user, type: EventType.redaction, content: .object(content), redacts: eventID,
            transaction: EventTransaction(
                deviceID: device ?? "", transactionID: transactionID, target: eventID))
        return try await send(draft, in: room)
    }

    package func joinedRooms(of user: UserNID) async throws -> [RoomID] {
        let joined = try await reader.memberships.memberships(of: user).filter { $0.membership == .join }
        return try await reader.store.rooms(joined.map(\.roomNID)).values.map(\.roomID)
    }

    /// The member events of who is in the room.
    package func joinedMembers(of room: RoomRecord) async throws -> [RoomEvent] {
        let events = try await reader.current(room)?.events(ofType: EventType.member) ?? []
        return events.filter { $0.event.membership == .join }
    }

    /// Events as a caller sees them, with what is told of what relates to them.
    package func render(
        _ events: [RoomEvent], in readable: ReadableRoom, device: String?
    ) async throws -> [[UInt8]] {
        let context = EventRenderer.Context(viewer: readable.viewer, deviceID: device, now: now, includesRoomID: true)
        let related = try await relations.bundles(
            for: RelationBundler.Page(room: readable.room, viewer: readable.viewer, events: events))
        return try await renderer.render(events, in: readable.room, for: context, with: related)
    }

    /// The content of an event as it may be shown.
    package func content(of event: RoomEvent) throws -> JSONView { try renderer.servedEvent(event).content }
}
