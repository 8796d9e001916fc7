import Cluster
import Ephemeral
import MatrixCore
import Push
import Rooms
import RoomsTesting
import Storage
import Testing

@Suite struct NotificationListTests {
    /// A list, as JSON, with the token of the next page.
    private func page(
        _ server: PushFixture, _ user: UserRecord, from: String? = nil, limit: Int = 20, onlyHighlights: Bool = false
    ) async throws -> (told: [JSONValue], next: String?) {
        var request = NotificationList.Request(user: user.nid, deviceID: "D")
        (request.from, request.limit, request.onlyHighlights) = (from, limit, onlyHighlights)
        let page = try await server.list.page(request)
        return (try page.notifications.map { try JSONValue(parsing: $0) }, page.next)
    }

    private func bodies(_ told: [JSONValue]) -> [String] {
        told.compactMap { $0["event"]?["content"]?["body"]?.string }
    }

    private func mention(_ user: UserRecord, _ body: String) -> JSONValue {
        ["msgtype": "m.text", "body": .string(body), "m.mentions": ["user_ids": [.string(user.userID.description)]]]
    }

    @Test func listsWhatNotifiedTheNewestFirst() async throws {
        try await PushFixture.with { server in
            let (alice, bob) = (try await server.user("alice"), try await server.user("bob"))
            let (one, two) = (try await server.room(alice, bob), try await server.room(alice, bob))
            try await server.send(server.text("1"), to: one, as: alice)
            try await server.send(["msgtype": "m.notice", "body": "quiet"], to: one, as: alice)
            try await server.send(mention(bob, "2"), to: one, as: alice)
            try await server.send(server.text("own"), to: two, as: bob)
            let event = try await server.send(server.text("3"), to: two, as: alice)
            let (told, next) = try await page(server, bob)
            #expect(Set(bodies(told)) == ["1", "2", "3"] && next == nil)
            let newest = try #require(told.first { $0["event"]?["event_id"]?.string == event.description })
            #expect(newest["room_id"]?.string == two.description && newest["read"] == false)
            #expect(newest["event"]?["room_id"] == nil && newest["ts"]?.int ?? 0 > 0)
            // In a room of two a message makes a sound.
            #expect(newest["actions"] == ["notify", ["set_tweak": "sound", "value": "default"]])
            #expect(
                try await page(server, alice).told.compactMap { $0["event"]?["sender"]?.string } == ["@bob:example.org"]
            )

            let (loud, none) = try await page(server, bob, onlyHighlights: true)
            #expect(bodies(loud) == ["2"] && none == nil)
            #expect(
                loud.first?["actions"]
                    == ["notify", ["set_tweak": "sound", "value": "default"], ["set_tweak": "highlight"]])
        }
    }

    @Test(arguments: [false, true])
    func pagesLoseNothingAndRepeatNothing(onlyHighlights: Bool) async throws {
        try await PushFixture.with { server in
            let (alice, bob) = (try await server.user("alice"), try await server.user("bob"))
            var rooms: [RoomID] = []
            for _ in 0..<5 { rooms.append(try await server.room(alice, bob)) }
            var wanted: Set<String> = []
            for number in 0..<40 {
                let (room, text) = (rooms[number * 7 % 5], "\(number)")
                if number % 3 == 0 {
                    try await server.send(mention(bob, text), to: room, as: alice)
                    wanted.insert(text)
                } else {
                    try await server.send(server.text(text), to: room, as: alice)
                    if !onlyHighlights { wanted.insert(text) }
                }
            }
            // Several events of one row of the log.
            let record = try await server.worker.record(rooms[0])
            let drafts = try (40..<50).map { number in
                try EventDraft(sender: alice, type: EventType.message, content: mention(bob, "\(number)"))
            }
            _ = try await server.rooms.write(.local(drafts), in: record)
            for number in 40..<50 { wanted.insert("\(number)") }
            // More than is looked at at once, and none of it counts.
            let notices = try (0..<250).map { _ in
                try EventDraft(
                    sender: alice, type: EventType.message, content: ["msgtype": "m.notice", "body": "notice"])
            }
            for some in stride(from: 0, to: 250, by: 25) {
                _ = try await server.rooms.write(.local(Array(notices[some..<some + 25])), in: record)
            }
            var told: [String] = []
            var next: String?
            for _ in 0..<60 {
                let (some, more) = try await page(server, bob, from: next, limit: 3, onlyHighlights: onlyHighlights)
                #expect(some.count <= 3)
                told += bodies(some)
                next = more
                if more == nil { break }
            }
            #expect(next == nil)
            #expect(told.count == wanted.count && Set(told) == wanted)
        }
    }

    @Test func saysWhatWasReadThreadByThread() async throws {
        try await PushFixture.with { server in
            let (alice, bob) = (try await server.user("alice"), try await server.user("bob"))
            let room = try await server.room(alice, bob)
            let root = try await server.send(server.text("root"), to: room, as: alice)
            func reply(_ body: String) -> JSONValue {
                [
                    "msgtype": "m.text", "body": .string(body),
                    "m.relates_to": ["rel_type": "m.thread", "event_id": .string(root.description)],
                ]
            }
            let inThread = try await server.send(reply("thread"), to: room, as: alice)
            try await server.send(server.text("main"), to: room, as: alice)
            func read() async throws -> Set<String> {
                Set(bodies(try await page(server, bob).told.filter { $0["read"] == true }))
            }
            #expect(try await read() == [])
            try await server.receipts.update(
                .init(readPrivate: inThread, thread: .thread(root: root)), by: bob, in: room)
            #expect(try await read() == ["thread"])
            try await server.receipts.update(.init(read: root, thread: .main), by: bob, in: room)
            #expect(try await read() == ["thread", "root"])
            try await server.send(reply("later"), to: room, as: alice)
            #expect(try await read() == ["thread", "root"])
            // Saying something reads what was there.
            try await server.send(reply("own"), to: room, as: bob)
            #expect(try await read() == ["thread", "root", "later"])
            try await server.send(server.text("own"), to: room, as: bob)
            #expect(try await read() == ["thread", "root", "later", "main"])
        }
    }

    @Test func tellsNothingOfOtherTimesAndOtherUsers() async throws {
        try await PushFixture.with { server in
            let (alice, bob) = (try await server.user("alice"), try await server.user("bob"))
            let room = try await server.room(alice, bob)
            try await server.send(server.text("before"), to: room, as: alice)
            try await server.rooms.leave(room, as: bob)
            #expect(try await page(server, bob).told.isEmpty)
            try await server.send(server.text("while away"), to: room, as: alice)
            try await server.rooms.join(room, as: bob)
            let wrong = try await server.send(server.text("wrong"), to: room, as: alice)
            try await server.send(server.text("after"), to: room, as: alice)
            _ = try await server.rooms.redact(wrong, in: room, by: alice, reason: nil, device: "D", transactionID: "1")
            #expect(bodies(try await page(server, bob).told) == ["after"])
            // An invite is told before it is accepted.
            let other = try await server.room(alice)
            _ = try await server.rooms.invite(bob.userID, to: other, by: alice)
            try await server.send(server.text("not for bob"), to: other, as: alice)
            let invites = try await page(server, bob).told.filter { $0["room_id"]?.string == other.description }
            #expect(invites.compactMap { $0["event"]?["type"]?.string } == ["m.room.member"])
        }
    }

    @Test(arguments: ["nonsense", "", "s", "sAQ.1.2", "t1-2-3"])
    func refusesTokensOfNobody(token: String) async throws {
        try await PushFixture.with { server in
            let bob = try await server.user("bob")
            do {
                _ = try await page(server, bob, from: token)
                Issue.record("accepted")
            } catch let error as MatrixError {
                #expect(error.errcode == .invalidParam && error.status == 400)
            }
        }
    }
}
