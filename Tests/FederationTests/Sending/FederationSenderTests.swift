import Ephemeral
import Federation
import MatrixCore
import Rooms
import Storage
import Testing

/// What goes to servers that answer.
@Suite(.serialized) struct FederationSenderTests {
    @Test func whatLocalUsersSayReachesEachServerOnceAndInOrder() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let room = try await server.room(by: alice)
            try await server.join(room, try await server.user("bob", on: "b"))
            try await server.join(room, try await server.user("bert", on: "b"))
            try await server.join(room, try await server.user("carol", on: "c"))
            try await server.sending {
                let texts = (1...30).map { "message \($0)" }
                for text in texts { try await server.say(text, in: room, as: alice) }
                try await server.federation.wait { $0.texts(at: "b.example").count >= 30 }
                try await server.federation.wait { $0.texts(at: "c.example").count >= 30 }
                #expect(server.federation.texts(at: "b.example") == texts)
                #expect(server.federation.texts(at: "c.example") == texts)
                let transaction = try #require(server.federation.transactions(to: "b.example").first)
                #expect(transaction.pdus.first?["signatures"]?["example.org"] != nil)
                #expect(transaction.pdus.first?["unsigned"] == nil)
            }
        }
    }

    @Test func whatComesWhileATransactionIsUnderWayGoesTogetherWithTheNext() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let room = try await server.room(by: alice)
            try await server.join(room, try await server.user("bob", on: "b"))
            try await server.sending {
                server.federation.hold("b.example", true)
                try await server.say("0", in: room, as: alice)
                try await server.federation.wait { $0.attempts(at: "b.example") == 1 }
                for number in 1...70 { try await server.say("\(number)", in: room, as: alice) }
                #expect(server.federation.attempts(at: "b.example") == 1)
                server.federation.hold("b.example", false)
                try await server.federation.wait { $0.texts(at: "b.example").count >= 71 }
                #expect(server.federation.texts(at: "b.example") == (0...70).map { "\($0)" })
                // As many as a transaction takes; the last ones may still have been on their way to the sender.
                let counts = server.federation.transactions(to: "b.example").map(\.pdus.count)
                #expect(counts.starts(with: [1, 50]) && counts.count <= 5)
            }
        }
    }

    @Test func eventsOfOtherServersAreNotSentUnlessTheyWereGivenToUsToHandOn() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let (bob, carol) = (try await server.user("bob", on: "b"), try await server.user("carol", on: "c"))
            let room = try await server.room(by: alice)
            try await server.join(room, bob)
            try await server.sending {
                try await server.write(.local([server.draft("of bob", by: bob)]), in: room)
                let join = try await server.relayed("join", of: carol, in: room)
                try await server.write(.remote(join, RemoteEventOptions(isRelayed: true)), in: room)
                try await server.say("welcome", in: room, as: alice)
                try await server.federation.wait { $0.texts(at: "b.example").contains("welcome") }
                try await server.federation.wait { $0.texts(at: "c.example").contains("welcome") }
                #expect(server.federation.texts(at: "b.example") == ["welcome"])
                #expect(server.federation.pdus(at: "b.example", ofType: EventType.member).count == 1)
                // It is carol's own.
                #expect(server.federation.pdus(at: "c.example", ofType: EventType.member).isEmpty)
            }
        }
    }

    @Test func whoeverIsPutOutIsToldAndHearsNothingMore() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let (bob, carol) = (try await server.user("bob", on: "b"), try await server.user("carol", on: "c"))
            let room = try await server.room(by: alice)
            try await server.join(room, bob)
            try await server.join(room, carol)
            try await server.sending {
                try await server.say("before", in: room, as: alice)
                try await server.federation.wait { $0.texts(at: "b.example").count == 1 }
                try await server.rooms.kick(bob.userID, from: room, by: alice, reason: nil)
                try await server.say("after", in: room, as: alice)
                try await server.federation.wait { $0.texts(at: "c.example").contains("after") }
                try await server.federation.wait {
                    !$0.pdus(at: "b.example", ofType: EventType.member).isEmpty
                }
                #expect(server.federation.texts(at: "b.example") == ["before"])
                // An invitation goes another way; that it is taken back has to be told.
                let invite = try EventDraft(
                    sender: alice, type: EventType.member, stateKey: bob.userID.description,
                    content: ["membership": "invite"])
                try await server.write(.local([invite]), in: room)
                try await server.rooms.kick(bob.userID, from: room, by: alice, reason: nil)
                try await server.federation.wait {
                    $0.pdus(at: "b.example", ofType: EventType.member).count == 2
                }
                let told = server.federation.pdus(at: "b.example", ofType: EventType.member)
                #expect(told.map { $0["content"]?["membership"] } == ["leave", "leave"])
            }
        }
    }

    @Test func aServerGetsNothingFromBeforeItWasThere() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let (bob, carol) = (try await server.user("bob", on: "b"), try await server.user("carol", on: "c"))
            let room = try await server.room(by: alice)
            try await server.join(room, carol)
            try await server.sending {}
            // Read by the sender only when bob has come.
            try await server.say("early", in: room, as: alice)
            try await server.join(room, bob)
            try await server.say("late", in: room, as: alice)
            try await server.sending {
                try await server.federation.wait { $0.texts(at: "c.example").count == 2 }
                try await server.federation.wait { !$0.texts(at: "b.example").isEmpty }
                #expect(server.federation.texts(at: "b.example") == ["late"])
                #expect(server.federation.texts(at: "c.example") == ["early", "late"])
            }
        }
    }

    @Test func aRedactedEventIsSentPruned() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let room = try await server.room(by: alice)
            try await server.join(room, try await server.user("bob", on: "b"))
            try await server.sending {}
            let event = try await server.say("secret", in: room, as: alice)
            _ = try await server.rooms.send(
                try EventDraft(
                    sender: alice, type: EventType.redaction, content: ["redacts": .string(event.description)],
                    redacts: event), to: room)
            try await server.sending {
                try await server.federation.wait { !$0.pdus(at: "b.example", ofType: EventType.redaction).isEmpty }
                #expect(server.federation.texts(at: "b.example").isEmpty)
                #expect(server.federation.pdus(at: "b.example", ofType: EventType.message).count == 1)
            }
        }
    }

    // MARK: Messages

    @Test func publicReceiptsAreToldWithTheirThreadsAndPrivateOnesNever() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let bob = try await server.user("bob", on: "b")
            let room = try await server.room(by: alice)
            try await server.join(room, bob)
            let event = try await server.say("hello", in: room, as: alice)
            let other = try await server.say("again", in: room, as: alice)
            try await server.sending {
                try await server.receipts.update(.init(readPrivate: event), by: alice, in: room)
                try await server.receipts.update(.init(read: event), by: alice, in: room)
                try await server.receipts.update(.init(read: other, thread: .main), by: alice, in: room)
                try await server.receipts.update(.init(readPrivate: other), by: alice, in: room)
                try await server.federation.wait { $0.edus(at: "b.example", ofType: "m.receipt").count >= 2 }
                // Something after them, so that all of them have been through.
                try await server.say("end", in: room, as: alice)
                try await server.federation.wait { $0.texts(at: "b.example") == ["end"] }
                let told = server.federation.edus(at: "b.example", ofType: "m.receipt").compactMap {
                    $0[room.description]?.object
                }
                #expect(told.allSatisfy { Array($0.keys) == ["m.read"] })
                let read = told.compactMap { $0["m.read"]?[alice.userID.description] }
                #expect(read.contains { $0["event_ids"] == .array([.string(event.description)]) })
                let threaded = read.filter { $0["event_ids"] == .array([.string(other.description)]) }
                #expect(threaded.map { $0["data"]?["thread_id"] } == ["main"])
            }
        }
    }

    @Test func receiptsOfOtherServersUsersStayHere() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let (bob, carol) = (try await server.user("bob", on: "b"), try await server.user("carol", on: "c"))
            let room = try await server.room(by: alice)
            try await server.join(room, bob)
            try await server.join(room, carol)
            let event = try await server.say("hello", in: room, as: alice)
            try await server.sending {
                try await server.receipts.update(.init(read: event), by: bob, in: room)
                try await server.receipts.update(.init(read: event), by: alice, in: room)
                try await server.federation.wait { !$0.edus(at: "c.example", ofType: "m.receipt").isEmpty }
                let told = server.federation.edus(at: "c.example", ofType: "m.receipt")
                #expect(told.allSatisfy { $0[room.description]?["m.read"]?[bob.userID.description] == nil })
            }
        }
    }

    @Test func presenceOfLocalUsersIsToldToServersThatShareARoom() async throws {
        try await SenderFixture.with { server in
            let (alice, dora) = (try await server.user("alice"), try await server.user("dora"))
            let (bob, carol) = (try await server.user("bob", on: "b"), try await server.user("carol", on: "c"))
            for _ in 0..<3 { try await server.join(try await server.room(by: alice), bob) }
            try await server.join(try await server.room(by: dora), carol)
            try await server.sending {
                let presence = server.presence.presence
                await presence.heartbeat(alice.userID, alice.nid, device: "D", as: .online, for: .seconds(30))
                await presence.set(alice.userID, alice.nid, device: "D", to: .unavailable, message: "tea")
                var status = PresenceStatus(userID: bob.userID)
                status.state = .online
                await presence.note([(bob.nid, status)])
                try await server.pass(2)
                try await server.federation.wait { $0.edus(at: "b.example", ofType: "m.presence").count == 1 }
                let push = server.federation.edus(at: "b.example", ofType: "m.presence").first?["push"]
                #expect(push?.array?.count == 1, "once for all rooms, and nothing of other servers' users")
                #expect(push?.array?.first?["user_id"] == "@alice:example.org")
                #expect(push?.array?.first?["presence"] == "unavailable" && push?.array?.first?["status_msg"] == "tea")
                #expect(push?.array?.first?["last_active_ago"]?.int != nil)
                await presence.heartbeat(dora.userID, dora.nid, device: "D", as: .online, for: .seconds(30))
                try await server.pass(2)
                try await server.federation.wait { $0.edus(at: "c.example", ofType: "m.presence").count == 1 }
                let told = server.federation.edus(at: "c.example", ofType: "m.presence").first?["push"]?.array
                #expect(told?.map { $0["user_id"] } == ["@dora:example.org"])
                // Another server comes in, and is told who is there.
                let room = try await server.room(by: dora)
                try await server.join(room, try await server.user("emil", on: "e"))
                try await server.pass(2)
                try await server.federation.wait { $0.edus(at: "e.example", ofType: "m.presence").count == 1 }
                let introduced = server.federation.edus(at: "e.example", ofType: "m.presence").first?["push"]?.array
                #expect(introduced?.map { $0["user_id"] } == ["@dora:example.org"])
                #expect(server.federation.edus(at: "b.example", ofType: "m.presence").count == 1)
            }
        }
    }

    @Test func typingOfLocalUsersIsTold() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let bob = try await server.user("bob", on: "b")
            let room = try await server.room(by: alice)
            try await server.join(room, bob)
            let record = try #require(try await server.rooms.reader.room(room))
            try await server.sending {
                // Typing is heard by slots that work already.
                try await server.say("hello", in: room, as: alice)
                try await server.federation.wait { $0.texts(at: "b.example") == ["hello"] }
                await server.typing.set(bob.userID, in: record.nid, for: .seconds(30))
                await server.typing.set(alice.userID, in: record.nid, for: .seconds(30))
                try await server.federation.wait { $0.edus(at: "b.example", ofType: "m.typing").count == 1 }
                // Said again, which is not worth telling so soon.
                await server.typing.set(alice.userID, in: record.nid, for: .seconds(30))
                await server.typing.set(alice.userID, in: record.nid, for: nil)
                try await server.federation.wait { $0.edus(at: "b.example", ofType: "m.typing").count == 2 }
                let told = server.federation.edus(at: "b.example", ofType: "m.typing")
                #expect(told.map { $0["typing"] } == [true, false])
                #expect(told.allSatisfy { $0["user_id"]?.string == alice.userID.description })
                #expect(told.allSatisfy { $0["room_id"]?.string == room.description })
            }
        }
    }

    // MARK: Progress

    @Test func whatWasSentIsNotSentAgainByWhoeverTakesOver() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let room = try await server.room(by: alice)
            try await server.join(room, try await server.user("bob", on: "b"))
            try await server.sending {
                try await server.say("one", in: room, as: alice)
                try await server.federation.wait { $0.texts(at: "b.example").count == 1 }
            }
            try await server.say("two", in: room, as: alice)
            try await server.sending {
                try await server.federation.wait { $0.texts(at: "b.example").count >= 2 }
                #expect(server.federation.texts(at: "b.example") == ["one", "two"])
            }
        }
    }

    @Test func whatALostWorkerHadNotSentIsSentByTheNext() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let room = try await server.room(by: alice)
            try await server.join(room, try await server.user("bob", on: "b"))
            try await server.sending {}
            server.federation.hold("b.example", true)
            try await server.sending(endsInOrder: false) {
                try await server.say("one", in: room, as: alice)
                try await server.federation.wait { $0.attempts(at: "b.example") == 1 }
                try await server.say("two", in: room, as: alice)
            }
            server.federation.hold("b.example", false)
            try await server.sending {
                try await server.federation.wait { $0.texts(at: "b.example").contains("two") }
                #expect(server.federation.texts(at: "b.example") == ["one", "two"])
            }
        }
    }
}
