import ApusTesting
import Cluster
import EndpointsTesting
import HTTPTypes
import MatrixCore
import RoomsTesting
import Storage
import Testing

/// Tokens that were made up, are of another database, or of a time that has not come, put to everything that takes one.
@Suite struct BadTokenTests {
    /// A request that carries a token.
    private struct Place {
        let name: String
        var method = HTTPRequest.Method.get
        /// Where a token goes, `{}` stands for it.
        let target: String
        var body: JSONValue?
        /// The member of the body that is the token.
        var member: String?
        /// Whether a token of a sync may be used here.
        var takesSyncTokens = false

        func ask(_ token: String, _ api: SyncAPI, as user: String = "alice") async -> EndpointAnswer {
            var body = body
            if let member { body?[member] = .string(token) }
            let target = target.replacing("{}", with: Self.escaped(token))
            return await api.ask(method, at: "/_matrix/client" + target, body, as: user)
        }

        private static func escaped(_ token: String) -> String {
            token.utf8.map { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    String(UnicodeScalar(byte))
                default: (byte < 16 ? "%0" : "%") + String(byte, radix: 16)
                }
            }.joined()
        }
    }

    private static let sliding: JSONValue = [
        "lists": ["all": ["timeline_limit": 1, "required_state": [], "ranges": [[0, 9]]]]
    ]

    private static func places(_ room: String, _ event: String) -> [Place] {
        let search: JSONValue = ["search_categories": ["room_events": ["search_term": "hello"]]]
        return [
            Place(name: "sync", target: "/v3/sync?timeout=0&since={}", takesSyncTokens: true),
            Place(
                name: "sliding sync", method: .post,
                target: "/unstable/org.matrix.simplified_msc3575/sync?timeout=0&pos={}", body: sliding),
            Place(name: "messages from", target: "/v3/rooms/\(room)/messages?dir=b&from={}", takesSyncTokens: true),
            Place(
                name: "messages forwards", target: "/v3/rooms/\(room)/messages?dir=f&from={}", takesSyncTokens: true),
            Place(name: "messages to", target: "/v3/rooms/\(room)/messages?dir=b&to={}", takesSyncTokens: true),
            Place(
                name: "relations from", target: "/v1/rooms/\(room)/relations/\(event)?from={}", takesSyncTokens: true),
            Place(name: "relations to", target: "/v1/rooms/\(room)/relations/\(event)?to={}", takesSyncTokens: true),
            Place(name: "threads", target: "/v1/rooms/\(room)/threads?from={}"),
            Place(name: "members", target: "/v3/rooms/\(room)/members?at={}", takesSyncTokens: true),
            Place(name: "notifications", target: "/v3/notifications?from={}"),
            Place(name: "search", method: .post, target: "/v3/search?next_batch={}", body: search),
            Place(name: "hierarchy", target: "/v1/rooms/\(room)/hierarchy?from={}"),
            Place(name: "public rooms", target: "/v3/publicRooms?since={}"),
            Place(
                name: "public rooms, searched", method: .post, target: "/v3/publicRooms", body: ["limit": 1],
                member: "since"),
            Place(name: "key changes", target: "/v3/keys/changes?from={}&to={}", takesSyncTokens: true),
            Place(name: "events", target: "/v3/events?timeout=0&from={}", takesSyncTokens: true),
            Place(name: "thread subscriptions from", target: "/v1/thread_subscriptions?dir=b&from={}"),
            Place(name: "thread subscriptions to", target: "/v1/thread_subscriptions?dir=b&to={}"),
        ]
    }

    private static let madeUp = [
        "x", "-1", "s0_1_2_3", "t", "t1", "t--1", "t1-2-3-4", "t99999999999999999999-0-0", "null", "\0", "💩", "s",
        "s" + String(repeating: "A", count: 40), "p" + String(repeating: "_", count: 80), "../../etc/passwd",
        String(repeating: "A", count: 5_000), "AgAA" + String(repeating: "/", count: 44), "9223372036854775807",
    ]
    /// What the answer to a token of nobody's may say.
    private static let refusals: Set = ["M_INVALID_PARAM", "M_UNKNOWN_POS", "M_UNKNOWN"]
    /// Nobody has to look far to see that a token is none.
    private static let mostStatements = 8

    @Test func whatIsMadeUpIsRefused() async throws {
        let counter = StatementCounter()
        try await SyncAPI.with(counter: counter) { api in
            let (room, event) = try await api.room(by: "alice")
            for place in Self.places(room, event) {
                for token in Self.madeUp {
                    let (answer, statements) = try await counter.counting { await place.ask(token, api) }
                    let note: Comment = "\(place.name), \(token.prefix(60)): \(answer)"
                    // A number is a token of some lists.
                    if answer.status == 200, Int64(token) != nil { continue }
                    #expect(answer.status == 400, note)
                    #expect(Self.refusals.contains(answer.errcode ?? ""), note)
                    let asked = statements.filter { !$0.key.hasPrefix("log.") }.values.reduce(0, +)
                    #expect(asked <= Self.mostStatements, "\(place.name), \(token.prefix(60)): \(statements)")
                }
            }
        }
    }

    /// ATTACKS 40: after a restore from a backup nobody waits for what will never come.
    @Test func aTokenOfAnotherTimeOrDatabaseIsRefusedOrMeansSomething() async throws {
        try await SyncAPI.with { api in
            let (room, event) = try await api.room(by: "alice")
            let installation = api.worker.installation
            let text = try #require(await api.ask(.get, "/sync?timeout=0", as: "alice")["next_batch"]?.string)
            let token = try SyncToken(
                text, incarnation: installation.incarnation, shards: Int(installation.shardCount))
            let foreign = token.encoded(incarnation: installation.incarnation &+ 1)
            var late = token
            for shard in 0..<installation.shardCount { late.log[shard] = token.log[shard] + 1_000_000 }
            var last = token
            for shard in 0..<installation.shardCount { last.log[shard] = .max }
            var other = token
            other.ephemeral = .max
            let futures = [late, last, other].map { $0.encoded(incarnation: installation.incarnation) }
            for place in Self.places(room, event) where place.takesSyncTokens {
                let answer = await place.ask(foreign, api)
                #expect(answer.status == 400, "\(place.name): \(answer)")
                #expect(Self.refusals.contains(answer.errcode ?? ""), "\(place.name): \(answer)")
                for (number, future) in futures.enumerated() where place.name != "sync" || number != 0 {
                    let answer = await place.ask(future, api)
                    #expect(answer.status == 400 || answer.status == 200, "\(place.name) \(number): \(answer)")
                }
            }
            for future in futures.prefix(2) {
                let answer = await Self.places(room, event)[0].ask(future, api)
                #expect(answer.status == 400, "\(answer)")
            }
            // Who begins again finds everything as it was.
            #expect(await api.ask(.get, "/sync?timeout=0", as: "alice").status == 200)
        }
    }

    @Test func aPositionOfAnotherTimeUserOrConnectionIsNotKnown() async throws {
        try await SyncAPI.with { api in
            let (room, event) = try await api.room(by: "alice")
            let place = Self.places(room, event)[1]
            let first = await api.ask(
                .post, at: "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?timeout=0", Self.sliding,
                as: "alice")
            let text = try #require(first["pos"]?.string)
            let installation = api.worker.installation
            let position = try SlidingPosition(
                text, incarnation: installation.incarnation, shards: Int(installation.shardCount))
            #expect(await place.ask(text, api).status == 200)
            #expect(await place.ask(text, api, as: "bob").errcode == "M_UNKNOWN_POS")
            var late = position
            for shard in 0..<installation.shardCount { late.token.log[shard] = .max }
            var unknown = position
            unknown.base = .max
            var spoilt = position
            spoilt.changes = Array(repeating: 0xFF, count: 600)
            for (name, bad) in [("late", late), ("unknown", unknown), ("spoilt", spoilt)] {
                let answer = await place.ask(bad.encoded(incarnation: installation.incarnation), api)
                #expect(answer.status == 400 && answer.errcode == "M_UNKNOWN_POS", "\(name): \(answer)")
            }
            let foreign = await place.ask(position.encoded(incarnation: installation.incarnation &+ 1), api)
            #expect(foreign.status == 400 && foreign.errcode == "M_UNKNOWN_POS")
        }
    }
}
