import ApusTesting
import Ephemeral
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Sync
import Testing

struct SlidingExtensionTests {
    private static let list = SlidingRequest.List.newest(timeline: 5)

    private func slide(
        _ worker: TestWorker, _ user: UserRecord, at position: String? = nil, newest: Int? = nil,
        timeout: Duration = .zero, _ fill: (inout SlidingExtensionRequests) -> Void
    ) async throws -> JSONDocument {
        try await worker.slide(user, at: position, timeout: timeout) {
            $0.lists["list"] = SlidingRequest.List.newest(newest, timeline: 5)
            fill(&$0.extensions)
        }
    }

    @Test func accountDataIsToldOfTheRoomsInSight() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                let (old, new) = (try await worker.room(by: alice), try await worker.room(by: alice))
                try await Task.sleep(for: .milliseconds(3))
                try await worker.say("newer", in: new, as: alice)
                try await worker.setAccountData("org.a", of: alice, to: #"{"n":1}"#)
                for room in [old, new] {
                    try await worker.setAccountData("org.r", in: room, of: alice, to: #"{"n":1}"#)
                }
                func data(_ answer: JSONDocument) -> (global: [String], rooms: [String: [String]]) {
                    let data = answer["extensions"]?["account_data"]
                    var rooms: [String: [String]] = [:]
                    if let members = data?["rooms"]?.object {
                        for member in members { rooms[member.key] = member.value.all.compactMap { $0["type"]?.string } }
                    }
                    return (data?["global"]?.all.compactMap { $0["type"]?.string }.sorted() ?? [], rooms)
                }
                func next(_ position: String?, newest: Int?, enabled: Bool = true) async throws -> JSONDocument {
                    try await slide(worker, alice, at: position, newest: newest) {
                        if enabled { $0.accountData = SlidingExtensionRequests.Scope() }
                    }
                }
                let first = try await next(nil, newest: 1)
                #expect(data(first).global == ["m.push_rules", "org.a"])
                #expect(data(first).rooms == [new.description: ["org.r"]])
                let second = try await next(first.position, newest: 1)
                #expect(data(second).global.isEmpty && data(second).rooms.isEmpty)
                // A change of what is out of sight is told when it comes into sight.
                try await worker.setAccountData("org.a", of: alice, to: #"{"n":2}"#)
                try await worker.setAccountData("org.r", in: new, of: alice, to: nil)
                try await worker.setAccountData("org.r", in: old, of: alice, to: #"{"n":2}"#)
                let third = try await next(second.position, newest: 1)
                #expect(data(third).global == ["org.a"] && data(third).rooms == [new.description: ["org.r"]])
                let fourth = try await next(third.position, newest: 2)
                #expect(data(fourth).global.isEmpty && data(fourth).rooms == [old.description: ["org.r"]])
                // Known, out of sight, changed, and back; meanwhile the extension was off.
                let fifth = try await next(fourth.position, newest: 1)
                try await worker.setAccountData("org.s", in: old, of: alice, to: #"{"n":3}"#)
                try await worker.setAccountData("org.b", of: alice, to: #"{"n":3}"#)
                let sixth = try await next(fifth.position, newest: 1, enabled: false)
                #expect(sixth["extensions"]?["account_data"] == nil)
                let seventh = try await next(sixth.position, newest: 2)
                #expect(data(seventh).global == ["m.push_rules", "org.b"])
                #expect(data(seventh).rooms == [old.description: ["org.s"]])
                #expect(data(try await next(seventh.position, newest: 2)).rooms.isEmpty)
            }
        }
    }

    @Test func receiptsAreToldOfTheRoomsInSight() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let early = try await worker.say("early", in: room, as: alice)
                try await worker.receipts.update(.init(read: early), by: bob, in: room)
                try await worker.receipts.update(.init(readPrivate: early), by: alice, in: room)
                for number in 0..<10 { try await worker.say("\(number)", in: room, as: alice) }
                func receipts(_ answer: JSONDocument) -> [String] {
                    guard
                        let content = answer["extensions"]?["receipts"]?["rooms"]?[room.description]?["content"]?.object
                    else { return [] }
                    var found: [String] = []
                    for event in content {
                        for kind in event.value.object.map({ Array($0) }) ?? [] {
                            for user in kind.value.object.map({ Array($0) }) ?? [] {
                                found.append("\(user.key) \(kind.key)")
                            }
                        }
                    }
                    return found.sorted()
                }
                func next(_ position: String?) async throws -> JSONDocument {
                    try await slide(worker, alice, at: position) { $0.receipts = SlidingExtensionRequests.Scope() }
                }
                // Those of others only at what the timeline shows.
                let first = try await next(nil)
                #expect(receipts(first) == ["@alice:example.org m.read.private"])
                let last = try await worker.say("last", in: room, as: alice)
                try await worker.receipts.update(.init(read: last), by: bob, in: room)
                let second = try await next(first.position)
                #expect(receipts(second) == ["@bob:example.org m.read"])
                #expect(receipts(try await next(second.position)).isEmpty)
                // Private receipts of others are nobody's business.
                try await worker.receipts.update(.init(readPrivate: last), by: bob, in: room)
                try await worker.receipts.update(.init(read: last), by: alice, in: room)
                let third = try await next(second.position)
                #expect(receipts(third) == ["@alice:example.org m.read"])
                // While it is off nothing gets lost.
                let newest = try await worker.say("newest", in: room, as: alice)
                try await worker.receipts.update(.init(read: newest), by: bob, in: room)
                let off = try await slide(worker, alice, at: third.position) { _ in }
                #expect(receipts(try await next(off.position)) == ["@bob:example.org m.read"])
            }
        }
    }

    @Test func typingIsToldOfTheRoomsInSight() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let record = try await worker.base.record(room)
                await worker.typing.set(bob.userID, in: record.nid, for: .seconds(30))
                func typists(_ answer: JSONDocument) -> [String]? {
                    answer["extensions"]?["typing"]?["rooms"]?[room.description]?["content"]?["user_ids"]?.all
                        .compactMap(\.string)
                }
                func next(_ position: String?, _ timeout: Duration = .zero) async throws -> JSONDocument {
                    try await slide(worker, alice, at: position, timeout: timeout) {
                        $0.typing = SlidingExtensionRequests.Scope()
                    }
                }
                let first = try await next(nil)
                #expect(typists(first) == ["@bob:example.org"])
                #expect(typists(try await next(first.position)) == nil)
                async let waiting = next(first.position, .seconds(20))
                try await Task.sleep(for: .milliseconds(50))
                await worker.typing.set(bob.userID, in: record.nid, for: nil)
                #expect(typists(try await waiting) == [])
                let none = try await slide(worker, alice) {
                    $0.typing = SlidingExtensionRequests.Scope(lists: [], rooms: [])
                }
                #expect(none["extensions"]?["typing"]?["rooms"]?.count == 0)
            }
        }
    }

    @Test func encryptionIsAnsweredForADeviceWithoutKeys() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                func next(_ position: String?, _ since: String?) async throws -> JSONDocument {
                    try await slide(worker, alice, at: position) {
                        $0.toDevice = SlidingExtensionRequests.ToDevice(since: since, limit: 10)
                        $0.endToEnd = true
                    }
                }
                let begun = try await next(nil, nil)
                let first = begun["extensions"]
                #expect(first?["to_device"]?["events"]?.count == 0)
                #expect(first?["e2ee"]?["device_lists"] == nil, "what was before the client has to ask for")
                let token = try #require(first?["to_device"]?["next_batch"]?.string)
                let second = try await next(begun.position, token)["extensions"]
                #expect(second?["to_device"]?["next_batch"]?.string == token)
                #expect(second?["e2ee"]?["device_lists"]?["changed"]?.count == 0)
                let counts = second?["e2ee"]?["device_one_time_keys_count"]?.object.map { Array($0) } ?? []
                #expect(counts.allSatisfy { $0.value.int == 0 })
                #expect(second?["e2ee"]?["device_unused_fallback_key_types"]?.isArray == true)
            }
        }
    }

    @Test func subscriptionsToThreadsWakeAndAreTold() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                var roots: [EventID] = []
                for number in 0..<3 { roots.append(try await worker.say("\(number)", in: room, as: bob)) }
                func next(_ position: String?, limit: Int = 100, _ timeout: Duration = .zero) async throws
                    -> JSONDocument
                {
                    try await slide(worker, alice, at: position, timeout: timeout) { $0.threadSubscriptions = limit }
                }
                func told(_ answer: JSONDocument, _ kind: String) -> [String] {
                    let threads = answer["extensions"]?["thread_subscriptions"]?[kind]?[room.description]?.object
                    return threads.map { $0.map(\.key).sorted() } ?? []
                }
                let first = try await next(nil)
                #expect(first["extensions"]?["thread_subscriptions"] == nil)
                async let waiting = next(first.position, .seconds(20))
                try await Task.sleep(for: .milliseconds(50))
                try await worker.threads.subscribe(to: roots[0], in: room, of: alice.nid, because: nil)
                let second = try await waiting
                #expect(told(second, "subscribed") == [roots[0].description])
                let entry = second["extensions"]?["thread_subscriptions"]?["subscribed"]?[room.description]?[
                    roots[0].description]
                #expect(entry?["automatic"]?.bool == false && entry?["bump_stamp"]?.int ?? 0 > 0)
                for root in roots.dropFirst() {
                    try await worker.threads.subscribe(to: root, in: room, of: alice.nid, because: nil)
                }
                try await worker.threads.unsubscribe(from: roots[0], in: room, of: alice.nid)
                // The newest are told, and a token leads to the others.
                let third = try await next(second.position, limit: 1)
                #expect(told(third, "unsubscribed") == [roots[0].description] && told(third, "subscribed").isEmpty)
                let token = third["extensions"]?["thread_subscriptions"]?["prev_batch"]?.string
                let page = try await worker.threads.page(of: alice.nid, from: token, to: second.position, limit: 10)
                #expect(page.changes.map(\.root) == [roots[2], roots[1]] && page.prevBatch == nil)
                #expect(try await next(third.position)["extensions"]?["thread_subscriptions"] == nil)
                // A new connection is told all of it.
                let fresh = try await next(nil)
                #expect(told(fresh, "subscribed") == [roots[1], roots[2]].map(\.description).sorted())
            }
        }
    }
}
