import ApusTesting
package import MatrixCore
package import Rooms
package import Storage

/// What tests do often.
extension RoomsWorker {
    /// A user of this server.
    package func user(_ localpart: String) async throws -> UserRecord {
        guard let userID = UserID("@\(localpart):\(serverName)") else { throw TestingError("no user id: \(localpart)") }
        return try await interning.user(userID)
    }

    /// A room that everybody may join, made by `creator`.
    ///
    /// - Parameter fill: changes what the room begins with.
    package func room(
        by creator: UserRecord, members: [UserRecord] = [], version: RoomVersion = .default,
        aliases: (any AliasReservation)? = nil, _ fill: (inout RoomCreation) -> Void = { _ in }
    ) async throws -> RoomID {
        var creation = RoomCreation(version: version)
        creation.preset = .publicChat
        fill(&creation)
        let room = try await rooms.create(creation, by: creator, aliases: aliases)
        for member in members { try await rooms.join(room, as: member) }
        return room
    }

    /// - Parameter maxScheduled: events that a user may have waiting.
    package func delayedEvents(maxScheduled: Int = 100) -> DelayedEvents {
        DelayedEvents(
            rooms: rooms, store: DelayedEventStore(pool: pool),
            limits: DelayedEvents.Limits(maxDelayMilliseconds: 86_400_000, maxScheduled: maxScheduled))
    }

    package func record(_ room: RoomID) async throws -> RoomRecord {
        guard let record = try await rooms.reader.room(room) else { throw TestingError("no room: \(room)") }
        return record
    }

    package func message(
        _ text: String, by user: UserRecord, _ more: [String: JSONValue] = [:], transaction: String? = nil
    ) throws -> EventDraft {
        var content: [String: JSONValue] = ["msgtype": "m.text", "body": .string(text)]
        content.merge(more) { _, new in new }
        return try EventDraft(
            sender: user, type: EventType.message, content: .object(content),
            transaction: transaction.map { EventTransaction(deviceID: "D", transactionID: $0) })
    }

    @discardableResult
    package func say(
        _ text: String, in room: RoomID, as user: UserRecord, _ more: [String: JSONValue] = [:],
        transaction: String? = nil
    ) async throws -> EventID {
        try await rooms.send(try message(text, by: user, more, transaction: transaction), to: room)
    }

    @discardableResult
    package func set(
        _ type: String, _ stateKey: String = "", to content: JSONValue, in room: RoomID, as user: UserRecord
    ) async throws -> EventID {
        try await rooms.send(try EventDraft(sender: user, type: type, stateKey: stateKey, content: content), to: room)
    }

    /// What the user can read of the room, page by page.
    package func messages(
        in room: RoomID, for user: UserRecord, _ direction: RoomService.Direction = .forwards, pages limit: Int = 100
    ) async throws -> [String] {
        let readable = try await rooms.readableRoom(room, by: user)
        var texts: [String] = []
        var from: TimelinePoint? = direction == .forwards ? .start : .end
        while let at = from {
            let page = try await rooms.page(
                of: readable, from: at, to: nil, direction: direction, limit: limit, matching: { _ in true })
            texts += page.events.compactMap { $0.event.content["body"]?.string }
            from = page.end
        }
        return texts
    }
}
