import ApusTesting
import Cluster
import DeviceMessages
import MatrixCore
import Postgres
import RoomsTesting
import Storage
import Testing

/// Messages to devices of and for users of other servers.
struct RemoteToDeviceTests {
    private static let own = ServerName("example.org")!
    private static let origin = ServerName("b.example")!

    private func edu(
        _ id: JSONValue, _ messages: JSONValue, sender: JSONValue = "@r:b.example", type: JSONValue = "org.example"
    ) throws -> RemoteToDeviceMessages? {
        let content: JSONValue = ["sender": sender, "type": type, "message_id": id, "messages": messages]
        return RemoteToDeviceMessages(
            try JSONDocument(parsing: content.canonicalBytes).root, from: Self.origin, to: Self.own)
    }

    @Test func aServerSpeaksForItsUsersAlone() throws {
        let messages: JSONValue = ["@bob:example.org": ["B": [:]]]
        #expect(try edu("1", messages) != nil)
        #expect(try edu("1", messages, sender: "@bob:example.org") == nil)
        #expect(try edu("1", messages, sender: "@r:c.example") == nil)
        #expect(try edu("1", messages, sender: 1) == nil)
        #expect(try edu("1", messages, type: ["a"]) == nil)
        #expect(try edu("1", messages, type: .string(String(repeating: "t", count: 256))) == nil)
        #expect(try edu(1, messages) == nil)
        #expect(try edu(.string(String(repeating: "i", count: 256)), messages) == nil)
        #expect(try edu("1", []) == nil)
    }

    @Test func eachMessageIsStoredOnceAndInOrder() async throws {
        try await MessageWorker.with { worker, database in
            let other = try await MessageWorker(database)
            let bob = try await worker.user("bob", devices: ["B", "C"])
            func messages(_ range: ClosedRange<Int>) throws -> [RemoteToDeviceMessages] {
                try range.compactMap { number in
                    try edu("\(number)", ["@bob:example.org": ["B": ["n": .integer(Int64(number))]]])
                }
            }
            try await worker.sending.receive(messages(1...5), from: Self.origin)
            // What comes again, wherever, is known, and what is new beside it is not lost.
            try await other.sending.receive(messages(3...8), from: Self.origin)
            try await worker.sending.receive(messages(1...8) + messages(8...8), from: Self.origin)
            #expect(try await worker.waiting("B", of: bob) == Array(1...8))
            #expect(Set(try await worker.page("B", of: bob).senders) == ["@r:b.example"])
            // Another server counts for itself.
            try await worker.sending.receive(messages(1...1), from: ServerName("c.example")!)
            #expect(try await worker.waiting("B", of: bob).count == 9)
            #expect(try await worker.waiting("C", of: bob) == [])
            await other.pool.close()
        }
    }

    @Test func oneThatCannotBeStoredIsDroppedAlone() async throws {
        try await MessageWorker.with { worker, _ in
            let bob = try await worker.user("bob", devices: ["B"])
            let carol = try await worker.user("carol")
            try await worker.pool.simple(
                """
                insert into devices (user_nid, device_id, created_ms)
                select \(carol.nid.rawValue), 'D' || n, 0 from generate_series(1, 600) n
                """)
            let large: JSONValue = ["v": .string(String(repeating: "x", count: 60_000))]
            let tooLarge: JSONValue = ["v": .string(String(repeating: "x", count: 65_536))]
            let messages = [
                try edu("1", ["@bob:example.org": ["B": ["n": 1]]]),
                try edu("2", ["@carol:example.org": ["*": large]]),
                try edu(
                    "3",
                    [
                        "@bob:example.org": ["B": ["n": 3], "X": 1, "": [:], "a\u{0}b": [:]],
                        "@r:b.example": ["R": [:]],
                        "@carol:example.org": ["D1": tooLarge], "nobody": ["D": [:]], "@new:example.org": ["D": [:]],
                        "@x:example.org": 7,
                    ]),
            ]
            try await worker.sending.receive(messages.compactMap { $0 }, from: Self.origin)
            #expect(try await worker.waiting("B", of: bob) == [1, 3])
            #expect(try await worker.count("device_messages") == 2)
            #expect(try await worker.count("outgoing_edus") == 0, "nothing is passed on")
            #expect(try await worker.base.interning.knownUser(UserID("@new:example.org")!) == nil)
        }
    }

    @Test func whatIsForOtherServersWaitsForThem() async throws {
        try await MessageWorker.with { worker, database in
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob", devices: ["B"]))
            var messages: [(user: UserID, device: String, n: Int)] = [(bob.userID, "B", 0)]
            for number in 1...3 { messages.append((UserID("@r\(number):b.example")!, "R", number)) }
            messages.append((UserID("@c:c.example")!, "*", 4))
            try await worker.send(messages, by: alice, "1")
            let rows = try await worker.base.log.rows(of: alice.shard, after: 0).filter { $0.kind == .outgoingEDUs }
            let row = try #require(rows.first)
            #expect(rows.count == 1 && row.userNID == nil && row.roomNID == nil)
            let place = LogPlace(of: row)
            let waiting = try #require(try await worker.outgoing.edus(of: [place])[place])
            #expect(waiting.map(\.server.description).sorted() == ["b.example", "c.example"])
            let toB = try #require(waiting.first { $0.server == Self.origin }?.edu)
            let edu = try JSONValue(parsing: toB.bytes)
            #expect(edu["edu_type"] == "m.direct_to_device" && edu["content"]?["type"] == "org.example")
            #expect(edu["content"]?["sender"]?.string == alice.userID.description)
            #expect(edu["content"]?["messages"]?["@r2:b.example"]?["R"] == ["n": 2])
            let id = try #require(edu["content"]?["message_id"]?.string)
            #expect((16...32).contains(id.count))
            #expect(try await worker.outgoing.edus(for: Self.origin, after: 0, upTo: worker.base.feed.heads) == [toB])
            #expect(
                try await worker.outgoing.edus(
                    for: Self.origin, after: 0, upTo: .zero(shards: Int(worker.base.installation.shardCount))
                ).isEmpty)
            try await worker.outgoing.delete([toB.number], for: Self.origin)
            #expect(try await worker.outgoing.edus(of: [place])[place]?.map(\.server.description) == ["c.example"])

            let alone = try await MessageWorker(database, isFederating: false)
            try await alone.send([(UserID("@r:b.example")!, "R", 1)], by: alice, "2")
            #expect(try await worker.count("outgoing_edus") == 1, "nobody would send it")
            await alone.pool.close()
        }
    }

    @Test func noMessageToAServerIsMuchLargerThanAnEvent() async throws {
        try await MessageWorker.with { worker, _ in
            let alice = try await worker.user("alice")
            let large: JSONValue = ["v": .string(String(repeating: "x", count: 20_000))]
            var devices: [String: JSONValue] = [:]
            for number in 0..<10 { devices["R\(number)"] = large }
            devices["huge"] = ["v": .string(String(repeating: "x", count: 65_000))]
            try await worker.send(["@r:b.example": .object(devices)], by: alice, "1")
            let edus = try await worker.outgoing.edus(for: Self.origin, after: 0, upTo: worker.base.feed.heads)
            #expect(edus.count >= 5 && edus.allSatisfy { $0.bytes.count < 67_000 })
            let parsed = try edus.map { try JSONValue(parsing: $0.bytes)["content"] }
            #expect(Set(parsed.compactMap { $0?["message_id"]?.string }).count == edus.count)
            let told = parsed.flatMap { $0?["messages"]?["@r:b.example"]?.object?.keys.map { $0 } ?? [] }
            #expect(told.sorted() == devices.keys.sorted())
        }
    }
}
