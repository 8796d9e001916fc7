import ApusTesting
import Cluster
import DeviceMessages
import Federation
import MatrixCore
import Postgres
import RoomsTesting
import Storage
import Testing

/// Messages to devices of other servers' users: none is lost, none overtakes another of its sender.
@Suite(.serialized) struct DurableSendingTests {
    @Test func theyReachServersInOrderAndAreForgottenThen() async throws {
        try await SenderFixture.with { server in
            let (alice, carla) = (try await server.user("alice"), try await server.user("carla"))
            try await server.sending {
                for number in 0..<20 {
                    try await server.tell(["b", "c"], number, by: alice)
                    try await server.tell(["b"], number, by: carla)
                }
                try await server.federation.wait { $0.messages(at: "b.example").count >= 40 }
                try await server.federation.wait { $0.messages(at: "c.example").count >= 20 }
                let told = server.federation.messages(at: "b.example")
                for sender in [alice, carla] {
                    #expect(told.filter { $0.sender == sender.userID }.map(\.number) == Array(0..<20))
                }
                #expect(server.federation.messages(at: "c.example").map(\.number) == Array(0..<20))
                try await server.federation.wait("for the table to be empty") { _ in try await server.waiting() == 0 }
                #expect(try await server.record("b.example") == nil)
            }
        }
    }

    @Test func aServerThatWasDownGetsWhatItMissedBeforeWhatCameSince() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let room = try await server.room(by: alice)
            try await server.join(room, try await server.user("bob", on: "b"))
            try await server.sending {
                server.federation.refuse("b.example", with: 502)
                // More than one transaction holds.
                for number in 0..<130 { try await server.tell(["b"], number, by: alice) }
                try await server.say("hello", in: room, as: alice)
                try await server.federation.wait { _ in try await server.record("b.example")?.trouble != nil }
                for number in 130..<140 { try await server.tell(["b"], number, by: alice) }
                #expect(try await server.waiting() == 140)
                server.federation.refuse("b.example", with: nil)
                try await server.pass(60)
                for number in 140..<145 { try await server.tell(["b"], number, by: alice) }
                try await server.federation.wait {
                    try await server.pass(1)
                    return $0.messages(at: "b.example").count >= 145
                }
                #expect(server.federation.messages(at: "b.example").map(\.number) == Array(0..<145))
                try await server.federation.wait { $0.texts(at: "b.example") == ["hello"] }
                #expect(server.federation.transactions(to: "b.example").allSatisfy { $0.edus.count <= 100 })
                try await server.federation.wait("for the table to be empty") { _ in try await server.waiting() == 0 }
                try await server.federation.wait("for the record") { _ in try await server.record("b.example") == nil }
            }
        }
    }

    /// A worker that dies leaves what was not delivered to its successor; what was delivered and not noted comes again under the
    /// same ids.
    @Test func whoeverTakesOverSendsTheRest() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            server.federation.hold("b.example", true)
            try await server.sending(endsInOrder: false) {
                for number in 0..<5 { try await server.tell(["b"], number, by: alice) }
                try await server.federation.wait { $0.attempts(at: "b.example") >= 1 }
            }
            for number in 5..<10 { try await server.tell(["b"], number, by: alice) }
            server.federation.hold("b.example", false)
            try await server.sending {
                try await server.federation.wait { Set($0.messages(at: "b.example").map(\.number)).count == 10 }
                let told = server.federation.messages(at: "b.example")
                // As the receiver sees it, who knows each by its id.
                var known: Set<String> = []
                #expect(told.filter { known.insert($0.id).inserted }.map(\.number) == Array(0..<10))
                try await server.federation.wait("for the table to be empty") { _ in try await server.waiting() == 0 }
            }
        }
    }

    @Test func anAnswerThatIsLostBringsTheSameMessageAgain() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            try await server.sending {
                server.federation.loseAnswers(of: "b.example", true)
                try await server.tell(["b"], 1, by: alice)
                try await server.federation.wait { _ in try await server.record("b.example") != nil }
                #expect(try await server.waiting() == 1)
                server.federation.loseAnswers(of: "b.example", false)
                try await server.federation.wait {
                    try await server.pass(5)
                    return $0.messages(at: "b.example").count == 2
                }
                #expect(Set(server.federation.messages(at: "b.example").map(\.id)).count == 1)
                #expect(Set(server.federation.transactions(to: "b.example").map(\.id)).count == 1)
                try await server.federation.wait("for the table to be empty") { _ in try await server.waiting() == 0 }
            }
        }
    }

    @Test func whatFindsNoPlaceInMemoryComesFromTheDatabase() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            try await server.sending {
                server.federation.hold("b.example", true)
                try await server.tell(["b"], 0, by: alice)
                try await server.federation.wait { $0.attempts(at: "b.example") == 1 }
                // Messages count by their size.
                let text = String(repeating: "x", count: 60_000)
                for number in 1...60 { try await server.tell(["b"], number, by: alice, text) }
                server.federation.hold("b.example", false)
                try await server.federation.wait { $0.messages(at: "b.example").count >= 61 }
                #expect(server.federation.messages(at: "b.example").map(\.number) == Array(0...60))
                try await server.federation.wait("for the record") { _ in try await server.record("b.example") == nil }
                #expect(try await server.waiting() == 0)
            }
        }
    }
}

extension SenderFixture {
    /// Sends a number to a device on each of some servers.
    fileprivate func tell(
        _ hosts: [String], _ number: Int, by sender: UserRecord, _ text: String = ""
    ) async throws {
        var users: [String: JSONValue] = [:]
        for host in hosts {
            users["@r:\(host).example:8448"] = ["R": ["n": .integer(Int64(number)), "v": .string(text)]]
        }
        let document = try JSONDocument(parsing: JSONValue.object(users).canonicalBytes)
        try await toDevice.send(
            ToDeviceMessages(fromClient: document.root), ofType: "org.example", by: sender.nid, device: "S",
            transactionID: "\(number)")
    }

    /// Messages that have not been delivered.
    fileprivate func waiting() async throws -> Int64 {
        let rows = try await pool.query(Statement("test", "select count(*) from outgoing_edus"))
        var row = try #require(rows.first)
        return try row.next(Int64.self)
    }
}

extension FakeFederation {
    struct Message: Sendable {
        let sender: UserID
        let id: String
        let number: Int
    }

    /// The messages to devices that a server got, in order.
    fileprivate func messages(at host: String) -> [Message] {
        edus(at: host, ofType: "m.direct_to_device").compactMap { content in
            guard let sender = content["sender"]?.string.flatMap({ UserID($0) }),
                let id = content["message_id"]?.string,
                let number = content["messages"]?["@r:\(host):8448"]?["R"]?["n"]?.int
            else { return nil }
            return Message(sender: sender, id: id, number: Int(number))
        }
    }
}
