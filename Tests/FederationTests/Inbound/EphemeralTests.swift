import ApusTesting
import Ephemeral
import MatrixCore
import Rooms
import Storage
import Testing

/// Ephemeral messages of other servers.
@Suite struct EphemeralMessageTests {
    private func typing(_ user: UserID, in room: RoomID, _ isTyping: Bool = true) -> JSONValue {
        [
            "edu_type": "m.typing",
            "content": [
                "room_id": .string(room.description), "user_id": .string(user.description), "typing": .bool(isTyping),
            ],
        ]
    }

    private func receipt(
        _ user: UserID, in room: RoomID, at event: EventID, thread: String? = nil
    ) -> JSONValue {
        var data: JSONValue = ["ts": 1_700_000_000_000]
        if let thread { data["thread_id"] = .string(thread) }
        let receipt: JSONValue = ["data": data, "event_ids": [.string(event.description)]]
        return [
            "edu_type": "m.receipt",
            "content": .object([room.description: ["m.read": .object([user.description: receipt])]]),
        ]
    }

    private func receipts(_ user: UserID, _ room: InboundRoom) async throws -> [EventID] {
        let known = try await room.home.worker.rooms.reader.interning.knownUser(user)
        return try await room.home.worker.receipts.changes(in: [(room.record.nid, 0, .max)], for: room.alice.nid)
            .filter { $0.userNID == known?.nid }.map(\.eventID)
    }

    @Test func usersOfTheSenderTypeInTheirRooms() async throws {
        try await InboundInstallation.with { home in
            let room = try await home.room()
            let roomID = room.record.roomID
            let typists = { home.worker.typing.typists(in: room.record.nid) }
            let stranger = try home.one.server.user("stranger")
            // Carol is another server's user, and the stranger is not in the room.
            try await home.worker.receive(
                [],
                edus: [
                    typing(room.carol, in: roomID), typing(stranger, in: roomID), typing(room.bob, in: roomID),
                    ["edu_type": "m.typing", "content": ["room_id": 1]],
                    ["edu_type": "org.example.new", "content": [:]],
                    ["edu_type": "m.typing"], 7,
                ], from: home.one.server)
            #expect(typists() == [room.bob])
            #expect(try await home.worker.rooms.reader.interning.knownUser(stranger) == nil)
            try await home.worker.receive(
                [], edus: [typing(room.bob, in: roomID, false)], id: "2", from: home.one.server)
            #expect(typists().isEmpty)
        }
    }

    private func presence(_ people: [JSONValue]) -> JSONValue {
        ["edu_type": "m.presence", "content": ["push": .array(people)]]
    }

    @Test func presenceIsOfTheSendersUsersOnly() async throws {
        try await InboundInstallation.with { home in
            let room = try await home.room()
            let interning = home.worker.rooms.reader.interning
            let stranger = try home.one.server.user("stranger")
            func person(_ user: UserID, _ state: String, _ more: [String: JSONValue] = [:]) -> JSONValue {
                var person: [String: JSONValue] = [
                    "user_id": .string(user.description), "presence": .string(state), "last_active_ago": 5000,
                ]
                person.merge(more) { $1 }
                return .object(person)
            }
            try await home.worker.receive(
                [],
                edus: [
                    presence([
                        person(room.bob, "online", ["status_msg": "hi", "currently_active": true]),
                        person(room.carol, "online"), person(stranger, "online"), person(room.bob, "asleep"), 7,
                        ["user_id": "@x:y"],
                    ]),
                    ["edu_type": "m.presence", "content": ["push": 1]],
                ], from: home.one.server)
            let bob = try #require(try await interning.knownUser(room.bob))
            let carol = try #require(try await interning.knownUser(room.carol))
            let status = try #require(home.worker.presence.status(of: bob.nid))
            #expect(status.state == .online && status.message == "hi" && status.isCurrentlyActive)
            #expect((status.lastActiveAgo ?? .zero) >= .seconds(5))
            #expect(home.worker.presence.status(of: carol.nid) == nil, "another server's user")
            #expect(try await interning.knownUser(stranger) == nil, "nobody gets a number for it")
            let long = String(repeating: "x", count: 5000)
            let extremes = [
                person(room.bob, "unavailable", ["last_active_ago": .integer(.max), "status_msg": .string(long)])
            ]
            try await home.worker.receive([], edus: [presence(extremes)], id: "2", from: home.one.server)
            let next = try #require(home.worker.presence.status(of: bob.nid))
            #expect(next.state == .unavailable && next.message == nil && !next.isCurrentlyActive)
        }
    }

    /// ATTACKS 5.
    @Test func receiptsAreOfTheSendersUsersOnly() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            let roomID = room.record.roomID
            let event = try room.view.say("read me", as: room.bob, of: home.one.server)
            try await home.worker.receive([event], from: home.one.server)
            try await home.worker.receive(
                [], edus: [receipt(room.carol, in: roomID, at: event.eventID)], id: "2", from: home.one.server)
            #expect(try await receipts(room.carol, room).isEmpty)
            try await home.worker.receive(
                [], edus: [receipt(room.carol, in: roomID, at: event.eventID)], id: "3", from: home.two.server)
            #expect(try await receipts(room.carol, room) == [event.eventID])
        }
    }

    /// The receipt is for an event of the same transaction.
    @Test func receiptsComeAfterTheirEvents() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            let event = try room.view.say("read me", as: room.bob, of: home.one.server)
            try await home.worker.receive(
                [event.json.value()],
                edus: [
                    receipt(room.bob, in: room.record.roomID, at: event.eventID, thread: "main"),
                    receipt(room.bob, in: room.record.roomID, at: event.eventID, thread: "no thread"),
                    ["edu_type": "m.receipt", "content": ["!x:y": 1]], ["edu_type": "m.receipt", "content": [:]],
                ], from: home.one.server)
            #expect(try await receipts(room.bob, room) == [event.eventID])
        }
    }
}
