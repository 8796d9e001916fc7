import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// What local users may not say of how events relate.
@Suite struct RelationRulesTests {
    private func react(
        _ room: RelatedRoom, to parent: EventID, _ key: String, as user: UserRecord, transaction: String,
        type: String = EventType.reaction
    ) async throws -> EventID {
        let draft = try EventDraft(
            sender: user, type: type,
            content: [
                "m.relates_to": [
                    "rel_type": "m.annotation", "event_id": .string(parent.description), "key": .string(key),
                ]
            ], transaction: EventTransaction(deviceID: "D", transactionID: transaction))
        return try await room.worker.rooms.send(draft, to: room.roomID)
    }

    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#avoiding-duplicate-annotations
    @Test func nobodySaysTheSameOfAnEventTwice() async throws {
        try await RelatedRoom.with { room in
            let said = try await room.say("hello", as: room.alice)
            let first = try await react(room, to: said, "👍", as: room.bob, transaction: "1")
            let refusal = await #expect(throws: MatrixError.self) {
                try await react(room, to: said, "👍", as: room.bob, transaction: "2")
            }
            #expect(refusal?.errcode == .duplicateAnnotation)
            #expect(refusal?.status == 400)
            // A retry is no repetition, and neither is another key, another type, or somebody else.
            #expect(try await react(room, to: said, "👍", as: room.bob, transaction: "1") == first)
            _ = try await react(room, to: said, "👎", as: room.bob, transaction: "3")
            _ = try await react(room, to: said, "👍", as: room.bob, transaction: "4", type: "org.example.vote")
            _ = try await react(room, to: said, "👍", as: room.alice, transaction: "5")
            // Whoever took it back may say it again.
            try await room.redact(first, as: room.bob)
            _ = try await react(room, to: said, "👍", as: room.bob, transaction: "6")
        }
    }

    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#validation-of-mthread-relationships
    @Test func noThreadBeginsAtWhatRelatesToSomething() async throws {
        try await RelatedRoom.with { room in
            let root = try await room.say("root", as: room.alice)
            let reply = try await room.reply(inThread: root, "reply", as: room.bob)
            let refusal = await #expect(throws: MatrixError.self) {
                try await room.reply(inThread: reply, "nested", as: room.bob)
            }
            #expect(refusal?.errcode == .unknown)
            #expect(refusal?.status == 400)
            // A rich reply has no relation type.
            let rich = try await room.worker.say(
                "rich", in: room.roomID, as: room.bob,
                ["m.relates_to": ["m.in_reply_to": ["event_id": .string(root.description)]]])
            try await room.reply(inThread: rich, "thread", as: room.bob)
        }
    }
}
