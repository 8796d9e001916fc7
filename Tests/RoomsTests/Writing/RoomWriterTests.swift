import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Testing

/// Rooms written by one worker and by several, against a real database.
@Suite struct RoomWriterTests {
    @Test(arguments: [RoomVersion.v10, .v11, .v12])
    func createsARoomAndTalksInIt(version: RoomVersion) async throws {
        try await TestInstallation.with { installation in
            let worker = try await installation.worker()
            let alice = try await worker.user("alice")
            let room = try await worker.room(by: alice, version: version)
            let first = try await worker.say("one", in: room, as: alice)
            let second = try await worker.say("two", in: room, as: alice)
            #expect(first != second)
            #expect(try await worker.messages(in: room, for: alice) == ["one", "two"])
            #expect((room.serverName == nil) == (version == .v12))
            await worker.pool.close()
        }
    }

    @Test func twoWorkersWriteOneRoomAtTheSameTimeAndLoseNothing() async throws {
        try await TestInstallation.with { installation in
            let workers = [try await installation.worker(), try await installation.worker()]
            let alice = try await workers[0].user("alice")
            let room = try await workers[0].room(by: alice)
            let count = 60
            let sent = try await withThrowingTaskGroup(of: EventID.self) { group in
                for number in 0..<count {
                    let worker = workers[number % 2]
                    group.addTask { try await worker.say("\(number)", in: room, as: alice) }
                }
                var sent: Set<EventID> = []
                for try await id in group { sent.insert(id) }
                return sent
            }
            #expect(sent.count == count)
            let record = try #require(try await workers[0].rooms.reader.room(room))
            let events = try await workers[0].rooms.reader.eventStore.timeline(
                of: record.nid, oldestAfter: 0, upTo: .max, limit: 1000)
            #expect(sent.isSubset(of: events.map(\.eventID)))
            #expect(Set(events.map(\.eventID)).count == events.count)
            // One line: each event names the one before it, and its number is above its auth events'.
            let parsed = try workers[0].rooms.reader.events.parse(events, in: record)
            for (before, after) in zip(parsed, parsed.dropFirst()) {
                #expect(after.event.prevEvents == [before.eventID])
            }
            #expect(events.allSatisfy { event in event.authEvents.allSatisfy { $0 < event.nid } })
            for worker in workers { await worker.pool.close() }
        }
    }

    @Test func aTransactionIDSendsOnceWhicheverWorkerIsAsked() async throws {
        try await TestInstallation.with { installation in
            let (one, two) = (try await installation.worker(), try await installation.worker())
            let alice = try await one.user("alice")
            let room = try await one.room(by: alice)
            let ids = try await withThrowingTaskGroup(of: EventID.self) { group in
                for worker in [one, two, one, two] {
                    group.addTask { try await worker.say("once", in: room, as: alice, transaction: "t1") }
                }
                var ids: [EventID] = []
                for try await id in group { ids.append(id) }
                return ids
            }
            #expect(Set(ids).count == 1)
            #expect(try await two.messages(in: room, for: alice) == ["once"])
            for worker in [one, two] { await worker.pool.close() }
        }
    }

    @Test func refusesWhoIsNotInTheRoomAndStoresNothing() async throws {
        try await TestInstallation.with { installation in
            let worker = try await installation.worker()
            let (alice, mallory) = (try await worker.user("alice"), try await worker.user("mallory"))
            let room = try await worker.room(by: alice)
            let refusal = await #expect(throws: MatrixError.self) {
                try await worker.say("hello", in: room, as: mallory)
            }
            #expect(refusal?.errcode == .forbidden)
            #expect(try await worker.messages(in: room, for: alice).isEmpty)
            await worker.pool.close()
        }
    }

    @Test func membershipFollowsTheStateOnEveryWorker() async throws {
        try await TestInstallation.with { installation in
            let (one, two) = (try await installation.worker(), try await installation.worker())
            let (alice, bob) = (try await one.user("alice"), try await one.user("bob"))
            let room = try await one.room(by: alice)
            try await two.rooms.join(room, as: bob)
            #expect(try await one.rooms.joinedRooms(of: bob.nid) == [room])
            try await one.rooms.kick(bob.userID, from: room, by: alice, reason: "noise")
            #expect(try await two.rooms.joinedRooms(of: bob.nid).isEmpty)
            try await one.rooms.ban(bob.userID, from: room, by: alice, reason: nil)
            let refusal = await #expect(throws: MatrixError.self) { try await two.rooms.join(room, as: bob) }
            #expect(refusal?.errcode == .forbidden)
            try await one.rooms.unban(bob.userID, from: room, by: alice, reason: nil)
            try await two.rooms.join(room, as: bob)
            #expect(try await one.rooms.joinedRooms(of: bob.nid) == [room])
            for worker in [one, two] { await worker.pool.close() }
        }
    }

    @Test func theSameStateAgainIsNotWrittenAgain() async throws {
        try await TestInstallation.with { installation in
            let worker = try await installation.worker()
            let alice = try await worker.user("alice")
            let room = try await worker.room(by: alice)
            func name(_ text: String) async throws -> EventID {
                try await worker.rooms.send(
                    try EventDraft(sender: alice, type: EventType.name, stateKey: "", content: ["name": .string(text)]),
                    to: room)
            }
            let first = try await name("a")
            #expect(try await name("a") == first)
            #expect(try await name("b") != first)
            await worker.pool.close()
        }
    }

    @Test func redactionPrunesWhatIsServed() async throws {
        try await TestInstallation.with { installation in
            let worker = try await installation.worker()
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
            let room = try await worker.room(by: alice)
            try await worker.rooms.join(room, as: bob)
            let said = try await worker.say("secret", in: room, as: alice)
            let refusal = await #expect(throws: MatrixError.self) {
                try await worker.rooms.redact(said, in: room, by: bob, reason: nil, device: "D", transactionID: "1")
            }
            #expect(refusal?.errcode == .forbidden)
            _ = try await worker.rooms.redact(
                said, in: room, by: alice, reason: "oops", device: "D", transactionID: "1")
            let readable = try await worker.rooms.readableRoom(room, by: bob)
            let event = try await worker.rooms.event(said, in: readable)
            let rendered = try #require(
                try await worker.rooms.render([event], in: readable, device: nil).first)
            let json = try JSONValue(parsing: rendered)
            #expect(json["content"] == [:])
            #expect(json["unsigned"]?["redacted_because"]?["content"]?["reason"] == "oops")
            #expect(json["unsigned"]?["redacted_by"] == json["unsigned"]?["redacted_because"]?["event_id"])
            await worker.pool.close()
        }
    }

    /// Nothing tells the second worker: it follows no log here, and there are no hints.
    @Test func aRedactionIsSeenAtOnceByAWorkerThatHasTheEventInMemory() async throws {
        try await TestInstallation.with { installation in
            let (one, two) = (try await installation.worker(), try await installation.worker())
            let alice = try await one.user("alice")
            let room = try await one.room(by: alice)
            let said = try await one.say("secret", in: room, as: alice)
            let named = try await one.rooms.send(
                try EventDraft(sender: alice, type: EventType.name, stateKey: "", content: ["name": "secret"]), to: room
            )
            for (number, eventID) in [said, named].enumerated() {
                let before = try await two.content(of: eventID, in: room, for: alice)
                #expect(before.object?.isEmpty == false)
                _ = try await one.rooms.redact(
                    eventID, in: room, by: alice, reason: nil, device: "D", transactionID: "\(number)")
                let after = try await two.content(of: eventID, in: room, for: alice)
                #expect(after.object?.isEmpty == true)
            }
            for worker in [one, two] { await worker.pool.close() }
        }
    }
}
