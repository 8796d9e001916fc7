import ApusTesting
import Cluster
import DeviceMessages
import MatrixCore
import Postgres
import RoomsTesting
import Storage
import Testing

struct ToDeviceSendingTests {
    @Test func aMessageReachesTheDevicesThatItNames() async throws {
        try await MessageWorker.with { worker, _ in
            let alice = try await worker.user("alice", devices: ["A"])
            let bob = try await worker.user("bob", devices: ["B1", "B2", "B3"])
            let nobody = UserID("@nobody:example.org")!
            try await worker.send([(bob.userID, "B1", 1), (alice.userID, "A", 2), (nobody, "N", 3)], by: alice, "1")
            try await worker.send([(bob.userID, "*", 4), (bob.userID, "B2", 5), (bob.userID, "B9", 6)], by: alice, "2")
            #expect(try await worker.waiting("B1", of: bob) == [1, 4])
            #expect(try await worker.waiting("B2", of: bob) == [5], "its own, and not that for all")
            #expect(try await worker.waiting("B3", of: bob) == [4])
            #expect(try await worker.waiting("A", of: alice) == [2])
            #expect(try await worker.base.interning.knownUser(nobody) == nil, "nobody gets a number for it")
            #expect(try await worker.count("device_messages where device_id in ('B9', 'N', '*')") == 0)
            let event = try JSONValue(parsing: try #require(try await worker.page("A", of: alice).messages.first?.body))
            #expect(event == ["content": ["n": 2], "sender": .string(alice.userID.description), "type": "org.example"])
        }
    }

    /// A message for a device is one row and one of the log for its user, and one statement in all.
    @Test func oneMessageIsOneRowAndOneStatement() async throws {
        let counter = StatementCounter()
        try await MessageWorker.with(observer: counter) { worker, _ in
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob", devices: ["B"]))
            try await worker.send([(bob.userID, "B", 0)], by: alice, "warm")
            let before = try await worker.count("log")
            let (_, statements) = try await counter.counting {
                try await worker.send([(bob.userID, "B", 1)], by: alice, "1")
            }
            #expect(statements == ["device_messages.send": 1])
            #expect(try await worker.count("log") == before + 1)
            #expect(try await worker.count("device_messages") == 2)
            #expect(try await worker.base.log.rows(of: bob.shard, after: 0).last?.kind == .toDevice)
            #expect(try await worker.base.log.rows(of: bob.shard, after: 0).last?.userNID == bob.nid)
        }
    }

    @Test func manyDevicesTakeOneStatement() async throws {
        let counter = StatementCounter()
        try await MessageWorker.with(observer: counter) { worker, _ in
            let alice = try await worker.user("alice")
            var messages: [(user: UserID, device: String, n: Int)] = []
            for number in 0..<100 {
                let user = try await worker.user("u\(number)", devices: ["D1", "D2"])
                messages += [(user.userID, "D1", number), (user.userID, "D2", number)]
            }
            let before = try await worker.count("log")
            let (_, statements) = try await counter.counting { try await worker.send(messages, by: alice, "1") }
            #expect(statements == ["device_messages.send": 1])
            #expect(try await worker.count("device_messages") == 200)
            #expect(try await worker.count("log") == before + 100, "a row for each user")
            // Positions of a shard have no gaps: followers apply them without asking.
            try await worker.base.feed.reachPresent()
            for shard in 0..<worker.base.installation.shardCount {
                let rows = try await worker.base.log.rows(of: shard, after: 0)
                #expect(rows.map(\.position) == Array(1..<(Int64(rows.count) + 1)))
                #expect(worker.base.feed.heads[shard] == rows.last?.position ?? 0)
            }
        }
    }

    /// PAINS 5: whatever is tried again, wherever, is stored once.
    @Test func aTransactionIsSentOnceOnWhicheverWorker() async throws {
        try await MessageWorker.with { one, database in
            let two = try await MessageWorker(database)
            let (alice, bob) = (try await one.user("alice"), try await one.user("bob", devices: ["B", "C"]))
            try await withThrowingTaskGroup { group in
                for number in 0..<40 {
                    let worker = number % 2 == 0 ? one : two
                    group.addTask {
                        try await worker.send(
                            [(bob.userID, "*", number / 8), (UserID("@r:b.example")!, "R", 1)], by: alice,
                            "\(number / 8)")
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await one.waiting("B", of: bob).sorted() == [0, 1, 2, 3, 4])
            #expect(try await two.waiting("C", of: bob).sorted() == [0, 1, 2, 3, 4])
            #expect(try await one.count("outgoing_edus") == 5)
            // Another device, another type, and another transaction are other messages.
            try await one.send([(bob.userID, "B", 5)], by: alice, device: "T", "0")
            try await one.send([(bob.userID, "B", 6)], type: "org.other", by: alice, "0")
            #expect(try await one.waiting("B", of: bob).count == 7)
            await two.pool.close()
        }
    }

    @Test func messagesOfASenderStayInOrder() async throws {
        try await MessageWorker.with { one, database in
            let two = try await MessageWorker(database)
            let bob = try await one.user("bob", devices: ["B"])
            var senders: [UserRecord] = []
            for number in 0..<6 { senders.append(try await one.user("s\(number)")) }
            try await withThrowingTaskGroup { group in
                for sender in senders {
                    group.addTask {
                        for number in 0..<12 {
                            let worker = number % 2 == 0 ? one : two
                            try await worker.send([(bob.userID, "B", number)], by: sender, "\(number)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            let page = try await one.page("B", of: bob)
            #expect(page.messages.count == 72)
            for sender in senders {
                let numbers = zip(page.senders, page.numbers).filter { $0.0 == sender.userID.description }.map(\.1)
                #expect(numbers == Array(0..<12))
            }
            await two.pool.close()
        }
    }

    @Test func tooMuchIsRefusedAndNothingOfItStored() async throws {
        try await MessageWorker.with { worker, _ in
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob", devices: ["B"]))
            try await worker.pool.simple(
                """
                insert into devices (user_nid, device_id, created_ms)
                select \(bob.nid.rawValue), 'D' || n, 0 from generate_series(1, 600) n
                """)
            let large: JSONValue = ["v": .string(String(repeating: "x", count: 60_000))]
            let toAll: JSONValue = [bob.userID.description: ["*": large], "@r:b.example": ["R": large]]
            let before = try await worker.count("log")
            await #expect(throws: MatrixError.self) { try await worker.send(toAll, by: alice, "1") }
            for table in ["device_messages", "outgoing_edus", "known_device_messages"] {
                #expect(try await worker.count(table) == 0, "\(table)")
            }
            #expect(try await worker.count("log") == before)
            // The same transaction may be tried with less.
            try await worker.send([(bob.userID, "B", 1)], by: alice, "1")
            #expect(try await worker.waiting("B", of: bob) == [1])
            await #expect(throws: MatrixError.self) {
                try await worker.send(
                    [(bob.userID, "B", 1)], type: String(repeating: "t", count: 256), by: alice, "2")
            }
        }
    }

    @Test(arguments: [
        ("[]", Errcode.badJSON), (#"{"@b:x":[]}"#, .badJSON), (#"{"@b:x":{"D":1}}"#, .badJSON),
        (#"{"@b:x":{"*":[]}}"#, .badJSON), (#"{"b":{"D":{}}}"#, .invalidParam), (#"{"":{"D":{}}}"#, .invalidParam),
        (#"{"@b:x":{"D":{"v":"\#(String(repeating: "x", count: 65_536))"}}}"#, .tooLarge),
    ])
    func whatIsMalformedIsRefused(_ json: String, _ errcode: Errcode) throws {
        let document = try JSONDocument(parsing: Array(json.utf8))
        let error = #expect(throws: MatrixError.self) { try ToDeviceMessages(fromClient: document.root) }
        #expect(error?.errcode == errcode)
    }

    @Test func devicesThatCannotBeAreLeftOut() throws {
        let name = String(repeating: "d", count: 256)
        let json = ##"{"@b:x":{"":{},"\##(name)":{},"a\u0000b":{},"D":{"a":1,"a":2}}}"##
        let messages = try ToDeviceMessages(fromClient: JSONDocument(parsing: Array(json.utf8)).root).messages
        #expect(messages.map(\.deviceID) == ["D"])
        #expect(messages.map { String(decoding: $0.content, as: UTF8.self) } == [#"{"a":2}"#])
    }

    @Test func noCallHasMoreMessagesThanTheLimit() throws {
        let devices = (0...ToDeviceMessages.maxMessages).map { #""D\#($0)":{}"# }.joined(separator: ",")
        let document = try JSONDocument(parsing: Array(#"{"@b:x":{\#(devices)}}"#.utf8))
        #expect(throws: MatrixError.self) { try ToDeviceMessages(fromClient: document.root) }
    }
}
