import ApusTesting
import Cluster
import Ephemeral
import MatrixCore
import Rooms
import Storage
import Sync
import Testing

struct EphemeralTests {
    @Test func showsWhoTypesAndThatItEnded() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let first = try await worker.sync(alice)
                let typing = RoomTyping(rooms: worker.rooms, typing: worker.typing)
                async let waiting = worker.sync(alice, since: first.next, timeout: .seconds(20))
                try await typing.set(bob.nid, in: room, for: .milliseconds(900))
                let begun = try await waiting
                #expect(
                    begun.ephemeral(room, "m.typing").map { $0["content"]?["user_ids"]?.value() } == [
                        ["@bob:example.org"]
                    ])
                #expect(begun.timeline(room).isEmpty)
                #expect(try await worker.sync(alice).ephemeral(room, "m.typing").count == 1)
                // It ends by itself.
                let ended = try await worker.sync(alice, since: begun.next, timeout: .seconds(20))
                #expect(ended.ephemeral(room, "m.typing").map { $0["content"]?["user_ids"]?.value() } == [[]])
                #expect(try await worker.sync(alice, since: ended.next).isQuiet)
                let eve = try await worker.user("eve")
                await #expect(throws: MatrixError.self) { try await typing.set(eve.nid, in: room, for: .seconds(1)) }
            }
        }
    }

    @Test func receiptsMoveForwardOnlyAndPrivateOnesStayPrivate() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let one = try await worker.say("one", in: room, as: alice)
                let two = try await worker.say("two", in: room, as: alice)
                let (forAlice, forBob) = (try await worker.sync(alice), try await worker.sync(bob))
                #expect(forBob.room(room)?["unread_notifications"]?["notification_count"]?.int == 2)

                try await worker.receipts.update(.init(readPrivate: one), by: bob, in: room)
                let own = try await worker.sync(bob, since: forBob.next)
                let content = own.ephemeral(room, "m.receipt").first?["content"]
                #expect(content?[one.description]?["m.read.private"]?["@bob:example.org"]?["ts"]?.int != nil)
                #expect(own.room(room)?["unread_notifications"]?["notification_count"]?.int == 1)
                #expect(try await worker.sync(alice, since: forAlice.next).isQuiet)

                try await worker.receipts.update(.init(read: two), by: bob, in: room)
                let public_ = try await worker.sync(alice, since: forAlice.next)
                let read = public_.ephemeral(room, "m.receipt").first?["content"]
                #expect(read?[two.description]?["m.read"]?["@bob:example.org"] != nil)
                #expect(read?.count == 1)
                let now = try await worker.sync(bob, since: own.next)
                #expect(now.room(room)?["unread_notifications"]?["notification_count"]?.int == 0)

                // Back is no move: nobody hears of it.
                try await worker.receipts.update(.init(read: one), by: bob, in: room)
                #expect(try await worker.sync(alice, since: public_.next).isQuiet)
                // What is there is in a first sync.
                #expect(try await worker.sync(alice).ephemeral(room, "m.receipt").count == 1)
            }
        }
    }

    @Test func theReadMarkerIsAccountDataOfTheRoom() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                let room = try await worker.room(by: alice)
                let one = try await worker.say("one", in: room, as: alice)
                let two = try await worker.say("two", in: room, as: alice)
                let first = try await worker.sync(alice)
                try await worker.receipts.update(.init(read: two, fullyRead: two), by: alice, in: room)
                let answer = try await worker.sync(alice, since: first.next)
                let data = answer.room(room)?["account_data"]?.events ?? []
                #expect(data.map { $0["type"]?.string } == ["m.fully_read"])
                #expect(data.first?["content"]?["event_id"]?.string == two.description)
                try await worker.receipts.update(.init(fullyRead: one), by: alice, in: room)
                #expect(try await worker.sync(alice, since: answer.next).isQuiet)
            }
        }
    }

    @Test func threadsAreReadByThemselves() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let root = try await worker.say("root", in: room, as: alice)
                let relation: [String: JSONValue] = [
                    "m.relates_to": ["rel_type": "m.thread", "event_id": .string(root.description)]
                ]
                let reply = try await worker.say("reply", in: room, as: alice, relation)
                let last = try await worker.say("last", in: room, as: alice, ["highlights": .integer(bob.nid.rawValue)])
                let filter = #"{"room":{"timeline":{"unread_thread_notifications":true}}}"#
                func counts() async throws -> (main: Int64?, highlights: Int64?, thread: Int64?, together: Int64?) {
                    let apart = try await worker.sync(bob, filter: filter).room(room)
                    let together = try await worker.sync(bob).room(room)
                    return (
                        apart?["unread_notifications"]?["notification_count"]?.int,
                        apart?["unread_notifications"]?["highlight_count"]?.int,
                        apart?["unread_thread_notifications"]?[root.description]?["notification_count"]?.int,
                        together?["unread_notifications"]?["notification_count"]?.int
                    )
                }
                #expect(try await counts() == (2, 1, 1, 3))
                try await worker.receipts.update(.init(read: last, thread: .main), by: bob, in: room)
                #expect(try await counts() == (0, 0, 1, 1))
                try await worker.receipts.update(.init(read: reply, thread: .thread(root: root)), by: bob, in: room)
                #expect(try await counts() == (0, 0, nil, 0))
                for thread in [ReceiptThread.main, .thread(root: last)] {
                    await #expect(throws: MatrixError.self) {
                        try await worker.receipts.update(.init(read: reply, thread: thread), by: bob, in: room)
                    }
                }
            }
        }
    }

    @Test func takesReceiptsOfOtherServersForEventsThatMayCome() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                let room = try await worker.room(by: alice)
                let event = try await worker.say("one", in: room, as: alice)
                let remote = try await worker.rooms.reader.interning.user(UserID("@r:elsewhere.org")!)
                let record = try #require(try await worker.rooms.reader.room(room))
                func receipt(_ eventID: EventID, at time: Int64) -> PublicReceipt {
                    PublicReceipt(
                        roomID: room, userID: remote.userID, eventID: eventID, thread: .unthreaded, sentAt: time)
                }
                func shown() async throws -> [String] {
                    let content = try await worker.sync(alice).ephemeral(room, "m.receipt").first?["content"]
                    return content?.object.map { $0.map(\.key) } ?? []
                }
                try await worker.receipts.receive(receipt(event, at: 1))
                #expect(try await shown().isEmpty, "not in the room")
                let position = try await worker.rooms.reader.memberships.setOutOfBand(
                    .join, of: remote, in: record.nid, by: EventNID(1), strippedState: nil, now: 1)
                worker.feed.announce(.membership, at: position, room: record.nid, user: remote.nid)
                try await worker.receipts.receive(receipt(event, at: 10))
                #expect(try await shown() == [event.description])
                let unknown = EventID("$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg")!
                try await worker.receipts.receive(receipt(unknown, at: 5))
                #expect(try await shown() == [event.description], "older than what is known")
                try await worker.receipts.receive(receipt(unknown, at: 20))
                #expect(try await shown() == [unknown.description])
                try await worker.receipts.receive(
                    PublicReceipt(
                        roomID: RoomID("!none:example.org")!, userID: remote.userID, eventID: event, thread: .main,
                        sentAt: 1))
            }
        }
    }
}
