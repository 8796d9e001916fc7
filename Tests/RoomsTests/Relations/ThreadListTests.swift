import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// The threads of a room.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidthreads
@Suite struct ThreadListTests {
    private func threads(
        _ room: RelatedRoom, for user: UserRecord, from: String? = nil, limit: Int = 10, onlyOwn: Bool = false
    ) async throws -> (ids: [EventID], next: String?) {
        let page = try await room.worker.rooms.threads(
            of: try await room.worker.rooms.readableRoom(room.roomID, by: user), from: from, limit: limit,
            onlyOwn: onlyOwn)
        return (page.roots.map(\.eventID), page.next)
    }

    @Test func theThreadWithTheNewestEventComesFirst() async throws {
        try await RelatedRoom.with { room in
            var roots: [EventID] = []
            for number in 0..<3 { roots.append(try await room.say("\(number)", as: room.alice)) }
            #expect(try await threads(room, for: room.bob).ids.isEmpty)
            for root in roots { try await room.reply(inThread: root, "first", as: room.alice) }
            #expect(try await threads(room, for: room.bob).ids == roots.reversed())
            let newest = try await room.reply(inThread: roots[0], "again", as: room.mallory)
            #expect(try await threads(room, for: room.bob).ids == [roots[0], roots[2], roots[1]])
            // What is taken away does not keep a thread at the top, nor a thread that nothing else is in.
            try await room.redact(newest, as: room.mallory)
            #expect(try await threads(room, for: room.bob).ids == roots.reversed())
            let lonely = try await room.say("lonely", as: room.alice)
            let only = try await room.reply(inThread: lonely, "only", as: room.alice)
            #expect(try await threads(room, for: room.bob).ids.first == lonely)
            try await room.redact(only, as: room.alice)
            #expect(try await threads(room, for: room.bob).ids == roots.reversed())
        }
    }

    @Test func pagesGoOnWhereTheLastOneEnded() async throws {
        try await RelatedRoom.with { room in
            var roots: [EventID] = []
            for number in 0..<5 { roots.append(try await room.say("\(number)", as: room.alice)) }
            for text in ["one", "two"] {
                for root in roots { try await room.reply(inThread: root, text, as: room.bob) }
            }
            var seen: [EventID] = []
            var from: String?
            repeat {
                let page = try await threads(room, for: room.alice, from: from, limit: 2)
                seen += page.ids
                from = page.next
            } while from != nil && seen.count < 20
            #expect(seen == roots.reversed())
            let refusal = await #expect(throws: MatrixError.self) {
                try await threads(room, for: room.alice, from: "nowhere")
            }
            #expect(refusal?.errcode == .invalidParam)
        }
    }

    @Test func onlyThreadsOfOnesOwnWhenAskedFor() async throws {
        try await RelatedRoom.with { room in
            let mine = try await room.say("mine", as: room.bob)
            let joined = try await room.say("joined", as: room.alice)
            let others = try await room.say("others", as: room.alice)
            for root in [mine, joined, others] { try await room.reply(inThread: root, "first", as: room.alice) }
            try await room.reply(inThread: joined, "me too", as: room.bob)
            #expect(try await threads(room, for: room.bob, onlyOwn: true).ids == [joined, mine])
            #expect(try await threads(room, for: room.bob).ids == [joined, others, mine])
            #expect(try await threads(room, for: room.mallory, onlyOwn: true).ids.isEmpty)
        }
    }

    @Test func ignoredUsersCountForNothingAndTheirRootsAreShownEmpty() async throws {
        try await RelatedRoom.with { room in
            let theirs = try await room.say("evil", as: room.mallory)
            let ours = try await room.say("good", as: room.alice)
            let lonely = try await room.say("lonely", as: room.alice)
            try await room.reply(inThread: theirs, "one", as: room.alice)
            try await room.reply(inThread: ours, "two", as: room.alice)
            try await room.reply(inThread: theirs, "three", as: room.mallory)
            try await room.reply(inThread: lonely, "four", as: room.mallory)
            try await room.ignore([room.mallory], as: room.bob)
            let readable = try await room.worker.rooms.readableRoom(room.roomID, by: room.bob)
            let page = try await room.worker.rooms.threads(of: readable, from: nil, limit: 10, onlyOwn: false)
            #expect(page.roots.map(\.eventID) == [ours, theirs])
            let rendered = try await room.worker.rooms.render(page.roots, in: readable, device: nil)
            let shown = try JSONValue(parsing: try #require(rendered.last))
            #expect(shown["content"] == [:])
            #expect(shown["unsigned"]?["m.relations"]?[RelationType.thread]?["count"] == 1)
        }
    }

    @Test func whoHasLeftSeesTheThreadsAsTheyWere() async throws {
        try await RelatedRoom.with { room in
            let first = try await room.say("first", as: room.alice)
            let second = try await room.say("second", as: room.alice)
            try await room.reply(inThread: first, "one", as: room.alice)
            try await room.reply(inThread: second, "two", as: room.alice)
            try await room.worker.rooms.leave(room.roomID, as: room.bob)
            try await room.reply(inThread: first, "three", as: room.alice)
            let third = try await room.say("third", as: room.alice)
            try await room.reply(inThread: third, "four", as: room.alice)
            #expect(try await threads(room, for: room.bob).ids == [second, first])
            #expect(try await threads(room, for: room.alice).ids == [third, first, second])
        }
    }

    @Test func rootsThatAreNotHereOrRelateToSomethingAreNoThreads() async throws {
        try await RelatedRoom.with { room in
            let missing = try #require(EventID("$" + String(repeating: "a", count: 43)))
            try await room.reply(inThread: missing, "orphan", as: room.alice)
            let root = try await room.say("root", as: room.alice)
            let reply = try await room.reply(inThread: root, "reply", as: room.alice)
            // Other servers may say what clients here may not.
            let write = try EventDraft(
                sender: room.alice, type: EventType.message,
                content: [
                    "body": "nested",
                    "m.relates_to": ["rel_type": "m.thread", "event_id": .string(reply.description)],
                ])
            _ = try await room.worker.rooms.send(write, in: try await room.worker.record(room.roomID))
            #expect(try await threads(room, for: room.bob).ids == [root])
            #expect(try await room.relations(of: reply, for: room.bob) == nil)
        }
    }
}
