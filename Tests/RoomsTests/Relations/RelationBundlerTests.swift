import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Telemetry
import Testing

/// What is told with an event of what relates to it.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#aggregations-of-child-events
@Suite struct RelationBundlerTests {
    @Test func eventsWithoutRelationsHaveNone() async throws {
        try await RelatedRoom.with { room in
            let said = try await room.say("hello", as: room.alice)
            #expect(try await room.relations(of: said, for: room.bob) == nil)
            // Replies have no type, and annotations are not told.
            try await room.relate(
                RelationType.annotation, to: said, "", as: room.bob, eventType: EventType.reaction)
            try await room.worker.say(
                "reply", in: room.roomID, as: room.bob,
                ["m.relates_to": ["m.in_reply_to": ["event_id": .string(said.description)]]])
            #expect(try await room.relations(of: said, for: room.bob) == nil)
        }
    }

    @Test func theLatestValidEditIsTold() async throws {
        try await RelatedRoom.with { room in
            let said = try await room.say("one", as: room.alice)
            let now = room.worker.telemetry.clock.nowMilliseconds
            let second = try await room.edit(said, "two", as: room.alice, at: now + 2_000)
            // Sent later by a clock that is behind.
            try await room.edit(said, "three", as: room.alice, at: now + 1_000)
            // Of somebody else, of another type, and without new content.
            try await room.edit(said, "evil", as: room.mallory, at: now + 9_000)
            try await room.relate(
                RelationType.replace, to: said, "sticker", as: room.alice, ["m.new_content": [:]],
                eventType: EventType.sticker, at: now + 9_000)
            try await room.relate(RelationType.replace, to: said, "bare", as: room.alice, at: now + 9_000)
            let told = try await room.relations(of: said, for: room.bob)?[RelationType.replace]
            #expect(told?["event_id"]?.string == second.description)
            #expect(told?["content"]?["m.new_content"]?["body"] == "two")
            #expect(told?["unsigned"]?["membership"] == "join")
            // What is told beside it says nothing of the event itself.
            #expect(try await room.shown(said, to: room.bob)["content"]?["body"] == "one")
            // An edit is not edited.
            try await room.edit(second, "again", as: room.alice, at: now + 9_000)
            #expect(try await room.relations(of: second, for: room.bob) == nil)
        }
    }

    @Test func ofEditsAtTheSameTimeTheGreatestIDCounts() async throws {
        try await RelatedRoom.with { room in
            let said = try await room.say("one", as: room.alice)
            let now = room.worker.telemetry.clock.nowMilliseconds
            var edits: [EventID] = []
            for text in ["a", "b", "c"] { edits.append(try await room.edit(said, text, as: room.alice, at: now)) }
            let told = try await room.relations(of: said, for: room.bob)?[RelationType.replace]
            #expect(told?["event_id"]?.string == edits.max()?.description)
        }
    }

    @Test func redactionsTakeEditsAway() async throws {
        try await RelatedRoom.with { room in
            let said = try await room.say("one", as: room.alice)
            let second = try await room.edit(said, "two", as: room.alice)
            let third = try await room.edit(
                said, "three", as: room.alice, at: room.worker.telemetry.clock.nowMilliseconds + 1_000)
            try await room.redact(third, as: room.alice)
            let told = try await room.relations(of: said, for: room.bob)?[RelationType.replace]
            #expect(told?["event_id"]?.string == second.description)
            // What was taken away has no edits, whatever was made of them.
            try await room.redact(said, as: room.alice)
            let shown = try await room.shown(said, to: room.bob)
            #expect(shown["content"] == [:])
            #expect(shown["unsigned"]?["m.relations"] == nil)
            #expect(shown["unsigned"]?["redacted_because"] != nil)
        }
    }

    @Test func encryptedEditsNeedNotShowWhatTheyHold() async throws {
        try await RelatedRoom.with { room in
            let draft = try EventDraft(
                sender: room.alice, type: EventType.encrypted,
                content: ["algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "one"])
            let said = try await room.worker.rooms.send(draft, to: room.roomID)
            let edit = try await room.relate(
                RelationType.replace, to: said, "", as: room.alice, ["ciphertext": "two"],
                eventType: EventType.encrypted)
            let told = try await room.relations(of: said, for: room.bob)?[RelationType.replace]
            #expect(told?["event_id"]?.string == edit.description)
        }
    }

    @Test func threadsAreSummedUp() async throws {
        try await RelatedRoom.with { room in
            let root = try await room.say("root", as: room.alice)
            try await room.reply(inThread: root, "one", as: room.mallory)
            let two = try await room.reply(inThread: root, "two", as: room.mallory)
            let edit = try await room.edit(two, "better two", as: room.mallory)
            func told(to user: UserRecord) async throws -> JSONValue? {
                try await room.relations(of: root, for: user)?[RelationType.thread]
            }
            var thread = try await told(to: room.bob)
            #expect(thread?["count"] == 2)
            #expect(thread?["current_user_participated"] == false)
            #expect(thread?["latest_event"]?["event_id"]?.string == two.description)
            #expect(thread?["latest_event"]?["room_id"]?.string == room.roomID.description)
            let inner = thread?["latest_event"]?["unsigned"]?["m.relations"]?[RelationType.replace]
            #expect(inner?["event_id"]?.string == edit.description)
            // Who began it takes part, and so does who says something in it.
            #expect(try await told(to: room.alice)?["current_user_participated"] == true)
            let three = try await room.reply(inThread: root, "three", as: room.bob)
            thread = try await told(to: room.bob)
            #expect(thread?["count"] == 3)
            #expect(thread?["current_user_participated"] == true)
            // What is taken away counts no more.
            try await room.redact(three, as: room.bob)
            thread = try await told(to: room.bob)
            #expect(thread?["count"] == 2)
            #expect(thread?["current_user_participated"] == false)
            #expect(thread?["latest_event"]?["event_id"]?.string == two.description)
        }
    }

    @Test func ignoredUsersAreLeftOut() async throws {
        try await RelatedRoom.with { room in
            let root = try await room.say("root", as: room.alice)
            let one = try await room.reply(inThread: root, "one", as: room.alice)
            try await room.reply(inThread: root, "two", as: room.mallory)
            let reference = try await room.relate(RelationType.reference, to: root, "three", as: room.alice)
            try await room.relate(RelationType.reference, to: root, "four", as: room.mallory)
            try await room.ignore([room.mallory], as: room.bob)
            let told = try await room.relations(of: root, for: room.bob)
            #expect(told?[RelationType.thread]?["count"] == 1)
            #expect(told?[RelationType.thread]?["latest_event"]?["event_id"]?.string == one.description)
            #expect(
                told?[RelationType.reference] == ["chunk": [["event_id": .string(reference.description)]]])
            // Others are told all of it.
            #expect(try await room.relations(of: root, for: room.alice)?[RelationType.thread]?["count"] == 2)
        }
    }

    @Test func referencesAreListedOldestFirst() async throws {
        try await RelatedRoom.with { room in
            let said = try await room.say("poll", as: room.alice)
            let one = try await room.relate(RelationType.reference, to: said, "one", as: room.alice)
            let two = try await room.relate(RelationType.reference, to: said, "two", as: room.bob)
            let told = try await room.relations(of: said, for: room.bob)
            #expect(
                told == [
                    "m.reference": [
                        "chunk": [["event_id": .string(one.description)], ["event_id": .string(two.description)]]
                    ]
                ])
        }
    }

    @Test func whoHasLeftIsToldNothingOfWhatCameAfter() async throws {
        try await RelatedRoom.with { room in
            let root = try await room.say("root", as: room.alice)
            let one = try await room.reply(inThread: root, "one", as: room.alice)
            try await room.worker.rooms.leave(room.roomID, as: room.bob)
            try await room.reply(inThread: root, "two", as: room.alice)
            try await room.edit(root, "changed", as: room.alice)
            try await room.relate(RelationType.reference, to: root, "three", as: room.alice)
            let told = try await room.relations(of: root, for: room.bob)
            #expect(told?[RelationType.replace] == nil)
            #expect(told?[RelationType.reference] == nil)
            #expect(told?[RelationType.thread]?["count"] == 1)
            #expect(told?[RelationType.thread]?["latest_event"]?["event_id"]?.string == one.description)
        }
    }

    @Test func stateEventsHaveNone() async throws {
        try await RelatedRoom.with { room in
            let topic = try await room.worker.set(
                EventType.topic, to: ["topic": "t"], in: room.roomID, as: room.alice)
            try await room.reply(inThread: topic, "one", as: room.bob)
            try await room.relate(RelationType.reference, to: topic, "two", as: room.bob)
            #expect(try await room.relations(of: topic, for: room.bob) == nil)
        }
    }

    @Test func pagesOfSeveralRoomsAreAnsweredTogether() async throws {
        try await RelatedRoom.with { room in
            let rooms = room.worker.rooms
            let other = try await room.worker.room(by: room.alice, members: [room.bob])
            var pages: [RelationBundler.Page] = []
            var roots: [RoomNID: EventID] = [:]
            for roomID in [room.roomID, other] {
                let there = RelatedRoom(
                    worker: room.worker, roomID: roomID, alice: room.alice, bob: room.bob, mallory: room.mallory)
                let root = try await there.say("root", as: room.alice)
                try await there.reply(inThread: root, "one", as: room.alice)
                let readable = try await rooms.readableRoom(roomID, by: room.bob)
                roots[readable.room.nid] = root
                pages.append(
                    RelationBundler.Page(
                        room: readable.room, viewer: readable.viewer,
                        events: [try await rooms.event(root, in: readable)]))
            }
            let bundles = try await rooms.relations.bundles(for: pages)
            #expect(Set(bundles.keys) == Set(roots.keys))
            #expect(try await rooms.relations.bundles(for: []).isEmpty)
        }
    }
}
