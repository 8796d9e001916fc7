import Cluster
import Ephemeral
import Federation
import MatrixCore
import Rooms
import Storage
import Testing

/// What goes to servers that could not be reached.
@Suite(.serialized) struct CatchingUpTests {
    @Test func aDeadServerHoldsUpNobodyAndGetsInOrderWhatItMissed() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let room = try await server.room(by: alice)
            try await server.join(room, try await server.user("bob", on: "b"))
            try await server.join(room, try await server.user("carol", on: "c"))
            try await server.sending {
                server.federation.refuse("b.example", with: 502)
                for number in 1...60 { try await server.say("\(number)", in: room, as: alice) }
                try await server.federation.wait { $0.texts(at: "c.example").count == 60 }
                try await server.federation.wait { _ in try await server.record("b.example")?.trouble != nil }
                try await server.pass(20)
                // Tried again and again, and more and more rarely.
                try await server.federation.wait { $0.attempts(at: "b.example") >= 2 }
                let attempts = server.federation.attempts(at: "b.example")
                #expect((2...6).contains(attempts))
                server.federation.refuse("b.example", with: nil)
                try await server.pass(60)
                try await server.federation.wait { $0.texts(at: "b.example").count >= 60 }
                try await server.say("61", in: room, as: alice)
                try await server.federation.wait { $0.texts(at: "b.example").count >= 61 }
                #expect(server.federation.texts(at: "b.example") == (1...61).map { "\($0)" })
                try await server.federation.wait("for the record") { _ in try await server.record("b.example") == nil }
            }
        }
    }

    @Test func whatComesWhileAServerCatchesUpComesAfterWhatItMissed() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let room = try await server.room(by: alice)
            try await server.join(room, try await server.user("bob", on: "b"))
            try await server.sending {
                server.federation.refuse("b.example", with: 500)
                for number in 1...3 { try await server.say("\(number)", in: room, as: alice) }
                try await server.federation.wait { _ in try await server.record("b.example") != nil }
                for number in 4...80 { try await server.say("\(number)", in: room, as: alice) }
                server.federation.refuse("b.example", with: nil)
                server.federation.hold("b.example", true)
                let attempts = server.federation.attempts(at: "b.example")
                try await server.pass(10)
                try await server.federation.wait { $0.attempts(at: "b.example") > attempts }
                // It has begun.
                for number in 81...90 { try await server.say("\(number)", in: room, as: alice) }
                server.federation.hold("b.example", false)
                try await server.federation.wait { $0.texts(at: "b.example").count >= 90 }
                #expect(server.federation.texts(at: "b.example") == (1...90).map { "\($0)" })
            }
        }
    }

    @Test func whoeverTakesOverKnowsWhichServersAreBehind() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let room = try await server.room(by: alice)
            try await server.join(room, try await server.user("bob", on: "b"))
            server.federation.refuse("b.example", with: 502)
            try await server.sending {
                try await server.say("one", in: room, as: alice)
                try await server.federation.wait { _ in try await server.record("b.example") != nil }
                try await server.say("two", in: room, as: alice)
            }
            let attempts = server.federation.attempts(at: "b.example")
            server.federation.refuse("b.example", with: nil)
            try await server.sending {
                try await server.say("three", in: room, as: alice)
                try await Task.sleep(for: .milliseconds(100))
                // Its time has not come.
                #expect(server.federation.attempts(at: "b.example") == attempts)
                try await server.pass(10)
                try await server.federation.wait { $0.texts(at: "b.example").count >= 3 }
                #expect(server.federation.texts(at: "b.example") == ["one", "two", "three"])
            }
        }
    }

    @Test func aServerThatIsFarBehindGetsTheNewestOfARoom() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let (busy, quiet) = (try await server.room(by: alice), try await server.room(by: alice))
            let bob = try await server.user("bob", on: "b")
            try await server.join(busy, bob)
            try await server.join(quiet, bob)
            // What this server has, the slot of the other one has read.
            let witness = try #require(Self.hostInTheSlot(of: "b"))
            try await server.join(busy, try await server.user("wanda", on: witness))
            try await server.sending {
                server.federation.refuse("b.example", with: 502)
                try await server.say("quiet", in: quiet, as: alice)
                let drafts = try (1...210).map { try server.draft("\($0)", by: alice) }
                for start in stride(from: 0, to: drafts.count, by: 30) {
                    try await server.write(.local(Array(drafts[start..<min(start + 30, drafts.count)])), in: busy)
                }
                try await server.federation.wait { _ in try await server.record("b.example") != nil }
                try await server.federation.wait { $0.texts(at: "\(witness).example").contains("210") }
                server.federation.refuse("b.example", with: nil)
                try await server.pass(10)
                try await server.federation.wait { $0.texts(at: "b.example").count >= 2 }
                try await server.federation.wait { _ in try await server.record("b.example") == nil }
                #expect(server.federation.texts(at: "b.example").sorted() == ["210", "quiet"])
            }
        }
    }

    private static func hostInTheSlot(of host: String) -> String? {
        func slot(_ host: String) -> Int? { ServerName("\(host).example").map { DestinationSlots.slot(of: $0) } }
        return (0..<1000).lazy.map { "w\($0)" }.first { slot($0) == slot(host) }
    }

    @Test func aServerThatWasPutOutWhileItWasAwayIsToldSo() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let bob = try await server.user("bob", on: "b")
            let room = try await server.room(by: alice)
            try await server.join(room, bob)
            try await server.sending {
                server.federation.refuse("b.example", with: 502)
                try await server.say("one", in: room, as: alice)
                try await server.federation.wait { _ in try await server.record("b.example") != nil }
                try await server.rooms.ban(bob.userID, from: room, by: alice, reason: nil)
                try await server.say("among us", in: room, as: alice)
                server.federation.refuse("b.example", with: nil)
                try await server.pass(10)
                try await server.federation.wait { !$0.pdus(at: "b.example", ofType: EventType.member).isEmpty }
                try await server.federation.wait { _ in try await server.record("b.example") == nil }
                let told = server.federation.transactions(to: "b.example").flatMap(\.pdus)
                #expect(told.map { $0["content"]?["membership"] } == ["ban"])
            }
        }
    }

    @Test func aServerThatIsHeardFromIsTriedAtOnce() async throws {
        try await withServerThatIsRarelyTried { server in
            await server.heard.heardFrom(ServerName("b.example:8448")!)
            try await server.pass(2)
            try await server.federation.wait { $0.texts(at: "b.example") == ["one"] }
        }
    }

    @Test func thatAnotherWorkerHeardOfAServerIsReadWhenTheHintIsLost() async throws {
        try await withServerThatIsRarelyTried { server in
            let elsewhere = HeardServers(
                store: server.destinations, installation: server.feed.installation, hints: NoHints(),
                telemetry: server.sending)
            await elsewhere.heardFrom(ServerName("b.example:8448")!)
            try await server.federation.wait { _ in
                try await server.pass(5)
                return server.federation.texts(at: "b.example") == ["one"]
            }
        }
    }

    /// A server that was out of reach for so long that it is tried every few minutes, and that is back now.
    private func withServerThatIsRarelyTried(_ body: (SenderFixture) async throws -> Void) async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let room = try await server.room(by: alice)
            try await server.join(room, try await server.user("bob", on: "b"))
            try await server.sending {
                server.federation.refuse("b.example", with: 502)
                try await server.say("one", in: room, as: alice)
                try await server.federation.wait { _ in
                    try await server.pass(5)
                    return try await server.record("b.example")?.trouble?.retryInterval ?? 0 >= 256_000
                }
                server.federation.refuse("b.example", with: nil)
                try await body(server)
            }
        }
    }

    @Test func aTransactionWhoseAnswerWasLostIsSentUnderTheSameID() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let room = try await server.room(by: alice)
            try await server.join(room, try await server.user("bob", on: "b"))
            try await server.sending {
                server.federation.loseAnswers(of: "b.example", true)
                try await server.say("one", in: room, as: alice)
                try await server.federation.wait { _ in try await server.record("b.example") != nil }
                server.federation.loseAnswers(of: "b.example", false)
                try await server.pass(10)
                try await server.federation.wait { $0.texts(at: "b.example").count == 2 }
                #expect(Set(server.federation.transactions(to: "b.example").map(\.id)).count == 1)
            }
        }
    }

    @Test func aServerThatIsTooSlowReadsOnLater() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let rooms = [try await server.room(by: alice), try await server.room(by: alice)]
            let rest = try await server.room(by: alice)
            let bob = try await server.user("bob", on: "b")
            for room in rooms + [rest] { try await server.join(room, bob) }
            try await server.sending {
                server.federation.hold("b.example", true)
                try await server.say("0", in: rest, as: alice)
                try await server.federation.wait { $0.attempts(at: "b.example") == 1 }
                // More than are kept in memory, and not so many in one room that only the newest would be sent.
                for batch in 0..<9 {
                    for (index, room) in (rooms + [rest]).enumerated() {
                        let drafts = try (0..<20).map { try server.draft("\(index) \(batch * 20 + $0)", by: alice) }
                        try await server.write(.local(drafts), in: room)
                    }
                }
                server.federation.hold("b.example", false)
                try await server.federation.wait { $0.texts(at: "b.example").count >= 541 }
                try await server.federation.wait { _ in try await server.record("b.example") == nil }
                let texts = server.federation.texts(at: "b.example")
                for index in 0..<3 {
                    let ofRoom = texts.filter { $0.hasPrefix("\(index) ") }
                    #expect(ofRoom == (0..<180).map { "\(index) \($0)" })
                }
            }
        }
    }

    @Test func aSlotThatHasChangedHandsWritesNothing() async throws {
        try await SenderFixture.with { server in
            let leases = LeaseStore(pool: server.pool)
            let held = try await leases.renew(
                duty: "federation-sender", worker: "one", slots: 8, timeToLive: .seconds(5))
            let lease = try #require(held.first)
            let name = ServerName("b.example:8448")!
            let record = DestinationRecord(
                serverName: name, behindSince: .zero(shards: 16),
                trouble: DestinationTrouble(failingSince: 1, retryAt: 2, retryInterval: 3))
            let mine = SlotFence(duty: "federation-sender", slot: lease.slot, epoch: lease.epoch)
            let stale = SlotFence(duty: "federation-sender", slot: lease.slot, epoch: lease.epoch - 1)
            #expect(try await !server.destinations.keep(record, for: stale))
            #expect(try await server.destinations.record(of: name) == nil)
            #expect(try await server.destinations.keep(record, for: mine))
            #expect(try await server.destinations.record(of: name) == record)
            #expect(try await !server.destinations.remove(name, for: stale))
            #expect(try await server.destinations.records(after: "").map(\.serverName) == [name])
            #expect(try await server.destinations.noteHeard(from: name, now: 5))
            #expect(try await server.destinations.revived() == [name])
            #expect(try await !server.destinations.noteHeard(from: name, now: 6))
            #expect(try await server.destinations.remove(name, for: mine))
            #expect(try await server.destinations.record(of: name) == nil)
        }
    }

    @Test func receiptsOfTheTimeThatItWasAwayComeAfterTheEvents() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let (room, other) = (try await server.room(by: alice), try await server.room(by: alice))
            let bob = try await server.user("bob", on: "b")
            try await server.join(room, bob)
            try await server.join(other, try await server.user("carol", on: "c"))
            try await server.sending {
                server.federation.refuse("b.example", with: 502)
                let first = try await server.say("1", in: room, as: alice)
                try await server.federation.wait { _ in try await server.record("b.example") != nil }
                let second = try await server.say("2", in: room, as: alice)
                let third = try await server.say("3", in: other, as: alice)
                for event in [first, second] {
                    try await server.receipts.update(.init(read: event), by: alice, in: room)
                }
                try await server.receipts.update(.init(read: third), by: alice, in: other)
                try await server.receipts.update(.init(read: first), by: bob, in: room)
                try await server.receipts.update(.init(readPrivate: second), by: alice, in: room)
                server.federation.refuse("b.example", with: nil)
                try await server.pass(20)
                func read(_ receipts: JSONValue) -> JSONValue? { receipts[room.description]?["m.read"] }
                func isNewest(_ receipts: JSONValue) -> Bool {
                    read(receipts)?[alice.userID.description]?["event_ids"] == [.string(second.description)]
                }
                try await server.federation.wait {
                    $0.edus(at: "b.example", ofType: "m.receipt").contains(where: isNewest)
                }
                #expect(server.federation.texts(at: "b.example") == ["1", "2"])
                let transactions = server.federation.transactions(to: "b.example")
                let event = transactions.firstIndex { $0.pdus.contains { $0["content"]?["body"] == "2" } }
                let receipt = transactions.firstIndex { $0.edus.contains { $0["content"].map(isNewest) ?? false } }
                #expect(try #require(event) <= (try #require(receipt)))
                let told = server.federation.edus(at: "b.example", ofType: "m.receipt")
                #expect(
                    told.allSatisfy { read($0)?[bob.userID.description] == nil }, "its own users' are its own affair")
                #expect(told.allSatisfy { $0[other.description] == nil })
            }
        }
    }
}
