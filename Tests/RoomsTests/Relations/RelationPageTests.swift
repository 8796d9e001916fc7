import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// What relates to an event, page by page.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#relationships-api
@Suite struct RelationPageTests {
    @Test func pagesGoBothWays() async throws {
        try await RelatedRoom.with { room in
            let parent = try await room.say("parent", as: room.alice)
            var children: [EventID] = []
            for number in 0..<5 {
                children.append(try await room.reply(inThread: parent, "\(number)", as: room.bob))
                try await room.worker.say("beside", in: room.roomID, as: room.alice)
            }
            for direction in [RoomService.Direction.backwards, .forwards] {
                var seen: [EventID] = []
                var from: String?
                var pages = 0
                repeat {
                    let page = try await room.page(of: parent, for: room.alice) {
                        $0.limit = 2
                        $0.direction = direction
                        $0.from = from
                    }
                    seen += page.ids
                    from = page.endToken
                    pages += 1
                } while from != nil && pages < 10
                #expect(seen == (direction == .forwards ? children : children.reversed()))
                #expect(pages == 3)
            }
        }
    }

    @Test func pagesEndWhereTheyAreTold() async throws {
        try await RelatedRoom.with { room in
            let parent = try await room.say("parent", as: room.alice)
            var children: [EventID] = []
            for number in 0..<4 { children.append(try await room.reply(inThread: parent, "\(number)", as: room.bob)) }
            let newest = try await room.page(of: parent, for: room.alice) { $0.limit = 1 }
            let second = try await room.page(of: parent, for: room.alice) {
                $0.limit = 2
                $0.from = newest.endToken
            }
            #expect(second.ids == [children[2], children[1]])
            let between = try await room.page(of: parent, for: room.alice) {
                $0.from = newest.endToken
                $0.to = second.endToken
            }
            #expect(between.ids == [children[2], children[1]])
            #expect(between.endToken == nil)
            let empty = try await room.page(of: parent, for: room.alice) {
                $0.from = second.endToken
                $0.to = newest.endToken
            }
            #expect(empty.ids.isEmpty)
        }
    }

    @Test func typesAreToldApart() async throws {
        try await RelatedRoom.with { room in
            let parent = try await room.say("parent", as: room.alice)
            let reaction = try await room.relate(
                RelationType.annotation, to: parent, "", as: room.bob, eventType: EventType.reaction)
            let text = try await room.relate("org.example.odd", to: parent, "odd", as: room.bob)
            let encrypted = try await room.relate(
                "org.example.odd", to: parent, "", as: room.bob, eventType: EventType.encrypted)
            #expect(try await room.page(of: parent, for: room.alice).ids == [encrypted, text, reaction])
            let odd = try await room.page(of: parent, for: room.alice) { $0.relationType = "org.example.odd" }
            #expect(odd.ids == [encrypted, text])
            let secret = try await room.page(of: parent, for: room.alice) {
                $0.relationType = "org.example.odd"
                $0.eventType = EventType.encrypted
            }
            #expect(secret.ids == [encrypted])
            let none = try await room.page(of: parent, for: room.alice) { $0.relationType = "none" }
            #expect(none.ids.isEmpty)
        }
    }

    @Test func recursionGoesThreeLevelsDeep() async throws {
        try await RelatedRoom.with { room in
            var chain = [try await room.say("0", as: room.alice)]
            for level in 1...4 {
                chain.append(try await room.relate("org.example.odd", to: chain[level - 1], "\(level)", as: room.bob))
            }
            let other = try await room.relate("org.example.other", to: chain[1], "other", as: room.bob)
            #expect(try await room.page(of: chain[0], for: room.alice).ids == [chain[1]])
            let deep = try await room.page(of: chain[0], for: room.alice) { $0.recurses = true }
            #expect(deep.ids == [other, chain[3], chain[2], chain[1]])
            // What is only reached through another type is not found.
            let typed = try await room.page(of: chain[0], for: room.alice) {
                $0.recurses = true
                $0.relationType = "org.example.other"
            }
            #expect(typed.ids.isEmpty)
            let forwards = try await room.page(of: chain[0], for: room.alice) {
                $0.recurses = true
                $0.relationType = "org.example.odd"
                $0.direction = .forwards
                $0.limit = 2
            }
            #expect(forwards.ids == [chain[1], chain[2]])
        }
    }

    @Test func onlyWhatMayBeSeenIsTold() async throws {
        try await RelatedRoom.with { room in
            let parent = try await room.say("parent", as: room.alice)
            let one = try await room.reply(inThread: parent, "one", as: room.alice)
            let evil = try await room.reply(inThread: parent, "evil", as: room.mallory)
            let gone = try await room.reply(inThread: parent, "gone", as: room.alice)
            try await room.redact(gone, as: room.alice)
            #expect(try await room.page(of: parent, for: room.bob).ids == [evil, one])
            try await room.worker.rooms.leave(room.roomID, as: room.bob)
            try await room.reply(inThread: parent, "later", as: room.alice)
            try await room.ignore([room.mallory], as: room.bob)
            #expect(try await room.page(of: parent, for: room.bob).ids == [one])
            // What relates to somebody's words whom one ignores is not theirs.
            let mine = try await room.relate("org.example.odd", to: evil, "mine", as: room.alice)
            try await room.worker.rooms.join(room.roomID, as: room.bob)
            #expect(try await room.page(of: evil, for: room.bob).ids == [mine])
        }
    }

    @Test func theParentHasToBeThereAndMayBeRedacted() async throws {
        try await RelatedRoom.with { room in
            let missing = try #require(EventID("$" + String(repeating: "a", count: 43)))
            let orphan = try await room.reply(inThread: missing, "orphan", as: room.alice)
            let refusal = await #expect(throws: MatrixError.self) {
                try await room.page(of: missing, for: room.alice)
            }
            #expect(refusal?.errcode == .notFound)
            #expect(try await room.shown(orphan, to: room.bob)["content"]?["body"] == "orphan")
            let parent = try await room.say("parent", as: room.alice)
            let child = try await room.reply(inThread: parent, "child", as: room.bob)
            try await room.redact(parent, as: room.alice)
            #expect(try await room.page(of: parent, for: room.bob).ids == [child])
            // A parent in another room is none.
            let other = try await room.worker.room(by: room.alice, members: [room.bob])
            let elsewhere = try await room.worker.say("elsewhere", in: other, as: room.alice)
            try await room.reply(inThread: elsewhere, "lost", as: room.alice)
            await #expect(throws: MatrixError.unknownEvent) { try await room.page(of: elsewhere, for: room.alice) }
            let there = RelatedRoom(
                worker: room.worker, roomID: other, alice: room.alice, bob: room.bob, mallory: room.mallory)
            #expect(try await there.page(of: elsewhere, for: room.alice).ids.isEmpty)
        }
    }

    @Test func tokensOfNobodyAreRefused() async throws {
        try await RelatedRoom.with { room in
            let parent = try await room.say("parent", as: room.alice)
            for token in ["", "x", "t1", "t1-2-x", "s", String(repeating: "t", count: 5_000)] {
                let refusal = await #expect(throws: MatrixError.self) {
                    try await room.page(of: parent, for: room.alice) { $0.from = token }
                }
                #expect(refusal?.errcode == .invalidParam)
            }
        }
    }

    /// Contents that servers of any kind may send.
    @Test(
        arguments: [
            [:], ["m.relates_to": 1], ["m.relates_to": ["rel_type": 5, "event_id": "$a"]],
            ["m.relates_to": ["rel_type": "m.thread"]],
            ["m.relates_to": ["rel_type": "m.thread", "event_id": "nothing"]],
            ["m.relates_to": ["rel_type": "", "event_id": "$abc"]],
            ["m.relates_to": ["rel_type": .string(String(repeating: "x", count: 300)), "event_id": "$abc"]],
            ["m.relates_to": ["rel_type": "a\u{0}b", "event_id": "$abc"]],
        ] as [JSONValue])
    func whatIsNoRelationIsPassedOver(_ content: JSONValue) async throws {
        try await RelatedRoom.with { room in
            let draft = try EventDraft(sender: room.alice, type: EventType.message, content: content)
            let sent = try await room.worker.rooms.send(draft, to: room.roomID)
            #expect(try await room.shown(sent, to: room.bob)["content"] == content)
        }
    }
}
