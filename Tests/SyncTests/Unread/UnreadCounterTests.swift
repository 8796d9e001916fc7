import ApusTesting
import Cluster
import Ephemeral
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Sync
import Testing

/// What is unread, told apart by threads.
struct UnreadCounterTests {
    private static let apart = #"{"room":{"timeline":{"unread_thread_notifications":true}}}"#

    /// What a sync says is unread: of the main timeline, and of each thread.
    private func unread(_ answer: JSONDocument, _ room: RoomID) -> [String: [Int64]]? {
        guard let joined = answer.room(room), let main = joined["unread_notifications"] else { return nil }
        func count(_ json: JSONView) -> [Int64] {
            [json["notification_count"]?.int ?? -1, json["highlight_count"]?.int ?? -1]
        }
        var counts = ["main": count(main)]
        if let threads = joined["unread_thread_notifications"]?.object {
            for (root, json) in threads { counts[root] = count(json) }
        }
        return counts
    }

    private func inThread(_ root: EventID) -> [String: JSONValue] {
        ["m.relates_to": ["rel_type": "m.thread", "event_id": .string(root.description)]]
    }

    @Test func threadsAreCountedApartForWhoWantsThat() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker(.rules) { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                var since = try await worker.sync(bob).next
                let root = try await worker.say("root", in: room, as: alice)
                let first = try await worker.say("1", in: room, as: alice, inThread(root))
                let mention: [String: JSONValue] = ["m.mentions": ["user_ids": ["@bob:example.org"]]]
                let last = try await worker.say(
                    "2", in: room, as: alice, inThread(root).merging(mention) { $1 })
                // What relates to something in the thread is in the thread.
                try await worker.say(
                    "* 2", in: room, as: alice,
                    mention.merging([
                        "m.relates_to": ["rel_type": "m.replace", "event_id": .string(last.description)]
                    ]) { $1 })
                let apart = try await worker.sync(bob, since: since, filter: Self.apart)
                #expect(unread(apart, room) == ["main": [1, 0], root.description: [3, 2]])
                let together = try await worker.sync(bob, since: since)
                #expect(unread(together, room) == ["main": [4, 2]])
                since = apart.next

                // A receipt in the thread leaves the main timeline alone, and the other way round.
                try await worker.receipts.update(
                    .init(readPrivate: first, thread: .thread(root: root)), by: bob, in: room)
                var answer = try await worker.sync(bob, since: since, filter: Self.apart)
                #expect(unread(answer, room) == ["main": [1, 0], root.description: [2, 2]])
                try await worker.receipts.update(.init(read: root, thread: .main), by: bob, in: room)
                answer = try await worker.sync(bob, since: answer.next, filter: Self.apart)
                #expect(unread(answer, room) == ["main": [0, 0], root.description: [2, 2]])
                // One without a thread is for all of it, on every device.
                try await worker.receipts.update(.init(read: last), by: bob, in: room)
                answer = try await worker.sync(bob, since: answer.next, filter: Self.apart, device: "E")
                #expect(unread(answer, room) == ["main": [0, 0], root.description: [1, 1]])
            }
        }
    }

    @Test func whoSaysSomethingHasReadWhatWasThere() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker(.rules) { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let root = try await worker.say("root", in: room, as: alice)
                try await worker.say("1", in: room, as: alice, inThread(root))
                var answer = try await worker.sync(bob, filter: Self.apart)
                #expect(unread(answer, room) == ["main": [1, 0], root.description: [1, 0]])
                // A name that changes everywhere says nothing.
                try await worker.set(
                    EventType.member, bob.userID.description, to: ["membership": "join", "displayname": "Bob"],
                    in: room, as: bob)
                answer = try await worker.sync(bob, since: answer.next, filter: Self.apart)
                #expect(unread(answer, room) == ["main": [1, 0], root.description: [1, 0]])
                try await worker.say("me", in: room, as: bob, inThread(root))
                answer = try await worker.sync(bob, since: answer.next, filter: Self.apart)
                #expect(unread(answer, room) == ["main": [1, 0]])
                try await worker.say("me", in: room, as: bob)
                answer = try await worker.sync(bob, since: answer.next, filter: Self.apart)
                #expect(unread(answer, room) == ["main": [0, 0]])
                #expect(unread(try await worker.sync(bob, filter: Self.apart), room) == ["main": [0, 0]])
            }
        }
    }

    @Test func whoComesBackBeginsAnewAndRedactedEventsDoNotCount() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker(.rules) { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let seen = try await worker.say("seen", in: room, as: alice)
                try await worker.receipts.update(.init(read: seen), by: bob, in: room)
                try await worker.rooms.leave(room, as: bob)
                for text in ["not", "for", "bob"] { try await worker.say(text, in: room, as: alice) }
                try await worker.rooms.join(room, as: bob)
                let wrong = try await worker.say("oops", in: room, as: alice)
                try await worker.say("hello", in: room, as: alice)
                var answer = try await worker.sync(bob)
                #expect(unread(answer, room) == ["main": [2, 0]])
                _ = try await worker.rooms.redact(
                    wrong, in: room, by: alice, reason: nil, device: "D", transactionID: "1")
                answer = try await worker.sync(bob, since: answer.next)
                #expect(unread(answer, room) == ["main": [1, 0]])
            }
        }
    }

    @Test func highlightsAreCountedBehindAnyNumberOfMessages() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker(.messages) { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                try await worker.say("bob!", in: room, as: alice, ["highlights": .integer(bob.nid.rawValue)])
                let record = try await worker.base.record(room)
                for start in stride(from: 0, to: 1_050, by: 50) {
                    let drafts = try (start..<start + 50).map { try worker.base.message("\($0)", by: alice) }
                    _ = try await worker.rooms.write(.local(drafts), in: record)
                }
                let answer = try await worker.sync(bob)
                #expect(unread(answer, room) == ["main": [1_000, 1]])
                try await worker.say("bob?", in: room, as: alice, ["highlights": .integer(bob.nid.rawValue)])
                #expect(unread(try await worker.sync(bob, since: answer.next), room) == ["main": [1_000, 2]])
                #expect(unread(try await worker.sync(bob), room) == ["main": [1_000, 2]])
            }
        }
    }
}
