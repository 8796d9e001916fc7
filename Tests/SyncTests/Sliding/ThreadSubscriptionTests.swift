import ApusTesting
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Sync
import Testing

struct ThreadSubscriptionTests {
    private func expect(
        _ errcode: Errcode, _ status: Int, _ note: Comment? = nil, _ body: () async throws -> Void
    ) async throws {
        do {
            try await body()
            Issue.record(note ?? "accepted")
        } catch let error as MatrixError {
            #expect(error.errcode == errcode && error.status == status, note)
        }
    }

    private static func reply(to root: EventID) -> [String: JSONValue] {
        ["m.relates_to": ["rel_type": "m.thread", "event_id": .string(root.description)]]
    }

    @Test func whatTheUserDoesCountsForMore() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let root = try await worker.say("root", in: room, as: bob)
                let reply = try await worker.say("reply", in: room, as: bob, Self.reply(to: root))
                let threads = worker.threads
                func isAutomatic() async throws -> Bool {
                    try await threads.subscription(to: root, in: room, of: alice.nid)
                }
                try await expect(.notFound, 404) { _ = try await isAutomatic() }
                try await threads.subscribe(to: root, in: room, of: alice.nid, because: reply)
                #expect(try await isAutomatic())
                try await threads.subscribe(to: root, in: room, of: alice.nid, because: nil)
                #expect(try await !isAutomatic())
                try await threads.subscribe(to: root, in: room, of: alice.nid, because: reply)
                #expect(try await !isAutomatic())
                try await threads.unsubscribe(from: root, in: room, of: alice.nid)
                try await threads.unsubscribe(from: root, in: room, of: alice.nid)
                try await expect(.notFound, 404) { _ = try await isAutomatic() }
                // What had happened by then subscribes nobody again; what came after does.
                try await expect(.conflictingUnsubscription, 409) {
                    try await threads.subscribe(to: root, in: room, of: alice.nid, because: reply)
                }
                let later = try await worker.say("later", in: room, as: bob, Self.reply(to: root))
                try await threads.subscribe(to: root, in: room, of: alice.nid, because: later)
                #expect(try await isAutomatic())
                // The user may at any time.
                try await threads.unsubscribe(from: root, in: room, of: alice.nid)
                try await threads.subscribe(to: root, in: room, of: alice.nid, because: nil)
                #expect(try await !isAutomatic())
                // It is nobody else's.
                try await expect(.notFound, 404) {
                    _ = try await threads.subscription(to: root, in: room, of: bob.nid)
                }
            }
        }
    }

    @Test func onlyForWhatTheUserCanSee() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.base.room(by: alice) { $0.preset = .privateChat }
                let root = try await worker.say("root", in: room, as: alice)
                let other = try await worker.say("other", in: room, as: alice)
                let threads = worker.threads
                let unknown = try #require(EventID("$unknown:example.org"))
                let nowhere = try #require(RoomID("!nowhere:example.org"))
                for (event, place, user) in [(root, room, bob), (unknown, room, alice), (root, nowhere, alice)] {
                    try await expect(.notFound, 404) {
                        try await threads.subscribe(to: event, in: place, of: user.nid, because: nil)
                    }
                    try await expect(.notFound, 404) {
                        try await threads.unsubscribe(from: event, in: place, of: user.nid)
                    }
                    try await expect(.notFound, 404) {
                        _ = try await threads.subscription(to: event, in: place, of: user.nid)
                    }
                }
                try await expect(.notInThread, 400) {
                    try await threads.subscribe(to: root, in: room, of: alice.nid, because: other)
                }
                try await expect(.notInThread, 400, "the root is not in it") {
                    try await threads.subscribe(to: root, in: room, of: alice.nid, because: root)
                }
                try await expect(.notFound, 404) {
                    try await threads.subscribe(to: root, in: room, of: alice.nid, because: unknown)
                }
            }
        }
    }

    @Test func changesGoBackwardsPageByPage() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                let room = try await worker.room(by: alice)
                var roots: [EventID] = []
                for number in 0..<5 {
                    roots.append(try await worker.say("\(number)", in: room, as: alice))
                    try await worker.threads.subscribe(to: roots[number], in: room, of: alice.nid, because: nil)
                }
                // Of two changes of one thread only the later is there.
                try await worker.threads.unsubscribe(from: roots[1], in: room, of: alice.nid)
                var (found, from): ([EventID], String?) = ([], nil)
                for _ in 0..<3 {
                    let page = try await worker.threads.page(of: alice.nid, from: from, to: nil, limit: 2)
                    found += page.changes.map(\.root)
                    from = page.prevBatch
                }
                #expect(found == [roots[1], roots[4], roots[3], roots[2], roots[0]] && from == nil)
                for (from, to) in [("x", nil), ("c0", nil), ("c-1", nil), (nil, "x")] as [(String?, String?)] {
                    try await expect(.invalidParam, 400) {
                        _ = try await worker.threads.page(of: alice.nid, from: from, to: to, limit: 2)
                    }
                }
            }
        }
    }
}
