import ApusTesting
import Cluster
import DeviceMessages
import MatrixCore
import Postgres
import RoomsTesting
import Storage
import Testing

struct DeviceInboxTests {
    @Test func messagesStayUntilTheyAreAcknowledged() async throws {
        try await MessageWorker.with { worker, database in
            let other = try await MessageWorker(database)
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob", devices: ["B", "C"]))
            for number in 1...3 { try await worker.send([(bob.userID, "*", number)], by: alice, "\(number)") }
            let first = try await worker.page("B", of: bob)
            #expect(first.numbers == [1, 2, 3] && !first.isCut && first.rest == nil)
            // The same question has the same answer, on any worker.
            #expect(try await worker.page("B", of: bob).numbers == [1, 2, 3])
            #expect(try await other.page("B", of: bob).numbers == [1, 2, 3])
            let seen = first.messages[1].place
            #expect(try await other.page("B", of: bob, after: seen).numbers == [3])
            #expect(try await worker.page("B", of: bob, after: seen).numbers == [3])
            #expect(try await worker.count("device_messages where device_id = 'B'") == 1)
            #expect(try await worker.page("B", of: bob).numbers == [3], "what was acknowledged is gone for good")
            #expect(try await worker.page("B", of: bob, after: first.messages[2].place).isEmpty)
            #expect(try await worker.waiting("C", of: bob) == [1, 2, 3], "each device for itself")
            await other.pool.close()
        }
    }

    @Test func nothingIsAskedWhereNothingCanWait() async throws {
        let counter = StatementCounter()
        try await MessageWorker.with(observer: counter) { worker, _ in
            let alice = try await worker.user("alice", devices: ["A"])
            let bob = try await worker.user("bob", devices: ["B", "C"])
            func ask(_ device: String, _ seen: InboxPlace?) async throws -> (numbers: [Int], asked: Int) {
                try await worker.base.feed.reachPresent()
                let head = worker.base.feed.heads[bob.shard]
                let (page, statements) = try await counter.counting {
                    try await worker.inboxes.page(for: device, of: bob, after: seen, upTo: head)
                }
                return (page.numbers, statements["device_messages.take"] ?? 0)
            }
            #expect(try await ask("B", nil) == ([], 1), "a worker that does not know the device has to look")
            for _ in 0..<3 { #expect(try await ask("B", InboxPlace(after: 0)) == ([], 0)) }
            // Other rows of the shard and of the user are no reason to look.
            _ = try await worker.base.log.append(.accountData, shard: bob.shard, user: bob.nid, now: 1)
            #expect(try await ask("B", InboxPlace(after: 1)) == ([], 0))
            try await worker.send([(bob.userID, "B", 1)], by: alice, "1")
            #expect(try await ask("B", InboxPlace(after: 1)) == ([1], 1))
            let seen = try #require(try await worker.page("B", of: bob).messages.last?.place)
            #expect(try await ask("B", seen) == ([], 1), "it is deleted")
            #expect(try await ask("B", seen) == ([], 0))
            #expect(try await worker.count("device_messages") == 0)
        }
    }

    /// An inbox of a hundred thousand messages: each page is one short statement, and deletes what the last one told.
    @Test func aLargeInboxIsPaged() async throws {
        try await MessageWorker.with { worker, _ in
            let bob = try await worker.user("bob", devices: ["B"])
            let count = 100_000
            try await worker.pool.simple(
                """
                insert into log (shard, position, kind, user_nid, written_ms)
                    select \(bob.shard), p, 4, \(bob.nid.rawValue), 1 from generate_series(1, \(count / 10)) p;
                insert into device_messages (user_nid, device_id, position, place, body)
                    select \(bob.nid.rawValue), 'B', n / 10 + 1, n % 10,
                        convert_to('{"content":{"n":' || n || '}}', 'UTF8') from generate_series(0, \(count - 1)) n
                """)
            var seen: InboxPlace?
            var told: [Int] = []
            while true {
                let page = try await worker.page("B", of: bob, after: seen)
                told += page.numbers
                if told.count % 10_000 == 100 {
                    #expect(
                        try await worker.count("device_messages") == Int64(count - told.count + page.messages.count))
                }
                guard let rest = page.rest else { break }
                #expect(page.messages.count == DeviceMessageStore.maxMessages)
                seen = rest
            }
            #expect(told == Array(0..<count))
            #expect(try await worker.count("device_messages") == 100)
        }
    }

    @Test func pagesAreBoundedInBytesAndHoldOneMessageAtLeast() async throws {
        try await MessageWorker.with { worker, _ in
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob", devices: ["B"]))
            let text = String(repeating: "x", count: 60_000)
            for number in 0..<40 {
                let content: JSONValue = ["n": .integer(Int64(number)), "v": .string(text)]
                try await worker.send([bob.userID.description: ["B": content]], by: alice, "\(number)")
            }
            var seen: InboxPlace?
            var told: [Int] = []
            var pages = 0
            repeat {
                let page = try await worker.page("B", of: bob, after: seen)
                let bytes = page.messages.reduce(0) { $0 + $1.body.count }
                #expect(bytes < DeviceMessageStore.maxPageBytes + Int64(EventLimits.eventBytes))
                told += page.numbers
                seen = page.rest
                pages += 1
            } while seen != nil
            #expect(told == Array(0..<40) && pages >= 3)
            #expect(try await worker.page("B", of: bob, limit: 1).messages.count == 1)
        }
    }

    @Test func whatCameAfterThePlaceOfTheViewComesLater() async throws {
        try await MessageWorker.with { worker, _ in
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob", devices: ["B"]))
            try await worker.send([(bob.userID, "B", 1)], by: alice, "1")
            let head = worker.base.feed.heads[bob.shard]
            try await worker.send([(bob.userID, "B", 2)], by: alice, "2")
            let before = try await worker.inboxes.page(for: "B", of: bob, after: nil, upTo: head)
            #expect(before.numbers == [1])
            #expect(try await worker.page("B", of: bob, after: InboxPlace(after: head)).numbers == [2])
        }
    }

    // MARK: Devices that are deleted

    @Test func aDeletedDeviceTakesItsInboxAlong() async throws {
        try await MessageWorker.with { worker, _ in
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob", devices: ["B", "C"]))
            for number in 0..<3 { try await worker.send([(bob.userID, "*", number)], by: alice, "\(number)") }
            _ = try await DeviceStore(pool: worker.pool).close(["B"], of: bob, now: 1)
            #expect(try await worker.count("device_messages where device_id = 'B'") == 0)
            #expect(try await worker.waiting("C", of: bob) == [0, 1, 2])
        }
    }

    @Test func aLargeInboxOfADeletedDeviceGoesInStepsAndIsNobodyElses() async throws {
        try await MessageWorker.with { worker, _ in
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob", devices: ["B"]))
            try await worker.send([(bob.userID, "B", 0)], by: alice, "0")
            try await worker.pool.simple(
                """
                insert into device_messages (user_nid, device_id, position, place, body)
                    select \(bob.nid.rawValue), 'B', 1, n, '{}' from generate_series(2, 5000) n
                """)
            _ = try await DeviceStore(pool: worker.pool).close(["B"], of: bob, now: 1)
            #expect(try await worker.count("device_messages") == 4000, "a moment's work")
            // A new device of the same name begins with nothing.
            try await worker.add("B", of: bob)
            #expect(try await worker.waiting("B", of: bob) == [])
            try await worker.send([(bob.userID, "B", 1)], by: alice, "1")
            #expect(try await worker.waiting("B", of: bob) == [1])
            var steps: [Int64] = []
            while let step = Optional(try await worker.store.sweepAbandoned()), step > 0 { steps.append(step) }
            #expect(steps.count == 5 && steps.allSatisfy { $0 <= DeviceMessageStore.maxPurged + 1 })
            #expect(try await worker.count("device_messages") == 1)
            #expect(try await worker.count("abandoned_inboxes") == 0)
            #expect(try await worker.waiting("B", of: bob) == [1])
        }
    }

    @Test func nothingIsLeftForDevicesThatAreDeletedWhileTheyAreWrittenTo() async throws {
        try await MessageWorker.with { worker, database in
            let other = try await MessageWorker(database)
            let names = (0..<20).map { "D\($0)" }
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob", devices: names))
            try await withThrowingTaskGroup { group in
                for (number, name) in names.enumerated() {
                    group.addTask { try await worker.send([(bob.userID, "*", number)], by: alice, "a\(number)") }
                    group.addTask { try await other.send([(bob.userID, name, number)], by: alice, "b\(number)") }
                    group.addTask { _ = try await DeviceStore(pool: other.pool).close([name], of: bob, now: 1) }
                }
                try await group.waitForAll()
            }
            #expect(try await worker.count("devices") == 0)
            #expect(try await worker.count("device_messages") == 0)
            await other.pool.close()
        }
    }
}
