import ApusTesting
import Ephemeral
import Federation
import MatrixCore
import Rooms
import Storage
import Telemetry
import Testing

/// Transactions of other servers whose events can be judged at once.
@Suite struct TransactionTests {
    @Test(arguments: [RoomVersion.v10, .v12]) func messagesAreInTheRoomWhenTheAnswerIs(version: RoomVersion)
        async throws
    {
        try await InboundInstallation.with { home in
            var room = try await home.room(version)
            let events = try (0..<5).map { try room.view.say("\($0)", as: room.bob, of: home.one.server) }
            let answers = try await home.worker.receive(events, from: home.one.server)
            #expect(answers.count == 5 && answers.values.allSatisfy { $0 == nil })
            #expect(try await room.messages() == ["0", "1", "2", "3", "4"])
        }
    }

    /// ATTACKS 18 and 33: each event is judged by itself.
    @Test func oneBadEventDoesNotFailItsNeighbours() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            let server = home.one.server
            let first = try room.view.say("first", as: room.bob, of: server)
            var side = room.view
            let forged = try side.say("forged", as: room.bob, of: home.two.server)
            var broken = forged.json.value()
            broken["depth"] = 1.5
            var deep = forged.json.value()
            deep["depth"] = .integer(.max)
            var elsewhere = forged.json.value()
            elsewhere["room_id"] = "!nobody:knows.example"
            let last = try room.view.say("last", as: room.bob, of: server)
            let answers = try await home.worker.receive(
                [first.json.value(), forged.json.value(), broken, deep, elsewhere, 1, [:], last.json.value()],
                from: server)
            #expect(answers[first.eventID] == .some(nil) && answers[last.eventID] == .some(nil))
            #expect(answers[forged.eventID]??.contains("not signed") == true)
            #expect(try await room.messages() == ["first", "last"])
        }
    }

    /// Signatures are no part of what an event's id is made of, so a bad copy has the id of the good one.
    @Test(arguments: [true, false]) func aBadCopyOfAnEventIsNotInItsWay(comesFirst: Bool) async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            let event = try room.view.say("hello", as: room.bob, of: home.one.server)
            var copy = event.json.value()
            copy["signatures"] = [:]
            let good = event.json.value()
            let answers = try await home.worker.receive(
                comesFirst ? [copy, good] : [good, copy, good], from: home.one.server)
            #expect(answers == [event.eventID: nil])
            #expect(try await room.messages() == ["hello"])
            #expect(home.telemetry.metrics.prometheusText().contains(#"inbound_pdus_total{outcome="refused"} 1"#))
        }
    }

    @Test func aServerDoesNotSendTheMessagesOfAnother() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            var fork = room.view
            let message = try room.view.say("hello", as: room.carol, of: home.two.server)
            let answers = try await home.worker.receive([message], from: home.one.server)
            #expect(answers[message.eventID]??.contains("not of the server") == true)
            // A join goes through another server.
            let dave = try home.two.server.user("dave")
            let join = try fork.join(dave, of: home.two.server)
            #expect(try await home.worker.receive([join], id: "2", from: home.one.server) == [join.eventID: nil])
            #expect(try await room.messages().isEmpty)
        }
    }

    @Test func rejectedEventsAreNoErrorForTheirSender() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            let event = try room.view.send(
                EventType.name, stateKey: "", ["name": "B"], as: room.bob, of: home.one.server)
            #expect(try await home.worker.receive([event], from: home.one.server) == [event.eventID: nil])
            #expect(try await home.worker.rooms.reader.current(room.record)?.event(EventType.name) == nil)
        }
    }

    @Test func aServerWithoutAPartInTheRoomIsRefused() async throws {
        try await InboundInstallation.with { home in
            let room = try await home.room()
            let three = try PeerServer("three.example:8448")
            var view = room.view
            let event = try view.say("let me in", as: three.user("eve"), of: three)
            let answers = try await home.worker.receive([event], from: three)
            #expect(answers[event.eventID]??.contains("no part") == true)
            #expect(try await home.worker.rooms.reader.events.event(event.eventID, in: room.record) == nil)
            #expect(try await room.isEmpty())
        }
    }

    /// Spec: https://spec.matrix.org/v1.19/server-server-api/#server-access-control-lists-acls
    @Test func theAccessListOfARoomCounts() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            _ = try await home.worker.rooms.send(
                try EventDraft(
                    sender: room.alice, type: EventType.serverACL, stateKey: "",
                    content: ["allow": ["*"], "deny": ["one.*"]]), in: room.record)
            let event = try room.view.say("still here", as: room.bob, of: home.one.server)
            let typing: JSONValue = [
                "edu_type": "m.typing",
                "content": [
                    "room_id": .string(room.record.roomID.description), "user_id": .string(room.bob.description),
                    "typing": true,
                ],
            ]
            let answers = try await home.worker.receive([event.json.value()], edus: [typing], from: home.one.server)
            #expect(answers[event.eventID]??.contains("access list") == true)
            #expect(try await room.messages().isEmpty)
            #expect(home.worker.typing.typists(in: room.record.nid).isEmpty)
        }
    }

    @Test func aRoomThatWeHaveLeftTakesNothing() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            try await home.worker.rooms.leave(room.record.roomID, as: room.alice)
            let event = try room.view.say("anybody?", as: room.bob, of: home.one.server)
            let answers = try await home.worker.receive([event], from: home.one.server)
            #expect(answers[event.eventID]??.contains("nobody of this server") == true)
        }
    }

    @Test func aTransactionThatComesAgainIsAnsweredAgain() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            let event = try room.view.say("once", as: room.bob, of: home.one.server)
            var side = room.view
            let forged = try side.say("never", as: room.bob, of: home.two.server)
            let first = try await home.worker.receive([event, forged], id: "t", from: home.one.server)
            let again = try await home.worker.receive([event, forged], id: "t", from: home.one.server)
            #expect(first == again && first.count == 2)
            #expect(home.telemetry.metrics.prometheusText().contains(#"transactions_total{outcome="repeated"} 1"#))
            // A server that counts anew does not lose what it says.
            let second = try room.view.say("twice", as: room.bob, of: home.one.server)
            try await home.worker.receive([second], id: "t", from: home.one.server)
            // Whoever else is asked finds the events.
            let other = try await home.anotherWorker()
            #expect(try await other.receive([event], id: "t", from: home.one.server) == [event.eventID: nil])
            #expect(try await room.messages() == ["once", "twice"])
        }
    }

    @Test func copiesAtTheSameTimeAreOneTransaction() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            let events = try (0..<20).map { try room.view.say("\($0)", as: room.bob, of: home.one.server) }
            let answers = try await withThrowingTaskGroup(of: [EventID: String?].self) { group in
                for _ in 0..<3 { group.addTask { try await home.worker.receive(events, from: home.one.server) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count == 3 && Set(answers.map(\.count)) == [20])
            #expect(try await room.messages().count == 20)
        }
    }
}
