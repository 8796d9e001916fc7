import Cluster
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// A room with two members and one who is to be ignored, for what relates to what.
struct RelatedRoom {
    let worker: RoomsWorker
    let roomID: RoomID
    let alice: UserRecord
    let bob: UserRecord
    let mallory: UserRecord

    static func with(_ body: (RelatedRoom) async throws -> Void) async throws {
        try await RoomsWorker.with { worker in
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
            let mallory = try await worker.user("mallory")
            let room = try await worker.room(by: alice, members: [bob, mallory])
            try await body(
                RelatedRoom(worker: worker, roomID: room, alice: alice, bob: bob, mallory: mallory))
        }
    }

    /// A message that relates to another.
    @discardableResult
    func relate(
        _ type: String, to parent: EventID, _ text: String, as user: UserRecord, _ more: [String: JSONValue] = [:],
        eventType: String = EventType.message, at timestamp: Int64? = nil
    ) async throws -> EventID {
        var content: [String: JSONValue] = [
            "msgtype": "m.text", "body": .string(text),
            "m.relates_to": ["rel_type": .string(type), "event_id": .string(parent.description)],
        ]
        content.merge(more) { _, new in new }
        var draft = try EventDraft(sender: user, type: eventType, content: .object(content))
        draft.timestamp = timestamp
        return try await worker.rooms.send(draft, to: roomID)
    }

    @discardableResult
    func edit(
        _ parent: EventID, _ text: String, as user: UserRecord, at timestamp: Int64? = nil
    ) async throws -> EventID {
        try await relate(
            RelationType.replace, to: parent, "* \(text)", as: user,
            ["m.new_content": ["msgtype": "m.text", "body": .string(text)]], at: timestamp)
    }

    @discardableResult
    func reply(inThread root: EventID, _ text: String, as user: UserRecord) async throws -> EventID {
        try await relate(RelationType.thread, to: root, text, as: user)
    }

    func say(_ text: String, as user: UserRecord) async throws -> EventID {
        try await worker.say(text, in: roomID, as: user)
    }

    func redact(_ event: EventID, as user: UserRecord) async throws {
        _ = try await worker.rooms.redact(
            event, in: roomID, by: user, reason: nil, device: "D", transactionID: "redact-\(event)")
    }

    func ignore(_ users: [UserRecord], as user: UserRecord) async throws {
        let list = Dictionary(uniqueKeysWithValues: users.map { ($0.userID.description, JSONValue.object([:])) })
        let content: JSONValue = ["ignored_users": .object(list)]
        _ = try await AccountDataStore(pool: worker.pool).set(
            "m.ignored_user_list", in: nil, of: user, to: content.canonicalBytes, now: 1)
        try await worker.feed.reachPresent()
    }

    /// An event as the user is shown it.
    func shown(_ event: EventID, to user: UserRecord) async throws -> JSONValue {
        let readable = try await worker.rooms.readableRoom(roomID, by: user)
        let found = try await worker.rooms.event(event, in: readable)
        let rendered = try await worker.rooms.render([found], in: readable, device: nil)
        return try JSONValue(parsing: try #require(rendered.first))
    }

    /// `m.relations` of an event as the user is shown it.
    func relations(of event: EventID, for user: UserRecord) async throws -> JSONValue? {
        try await shown(event, to: user)["unsigned"]?["m.relations"]
    }

    /// A page of what relates to an event.
    func page(
        of event: EventID, for user: UserRecord, _ fill: (inout RoomService.RelationQuestion) -> Void = { _ in }
    ) async throws -> RoomService.Page {
        var question = RoomService.RelationQuestion()
        fill(&question)
        return try await worker.rooms.relations(
            of: event, in: try await worker.rooms.readableRoom(roomID, by: user), question)
    }
}

extension RoomService.Page {
    var ids: [EventID] { events.map(\.eventID) }
}
