import ApusTesting
import EndpointsTesting
import HTTPTypes
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// Filters, ranges, terms and relations as nobody means them: the specified error or a sane answer, and cheap.
@Suite struct BadInputTests {
    private static let globs = JSONValue.array(Array(repeating: "*****a*****a*****b", count: 1_000))
    private static let many = JSONValue.array((0..<10_000).map { .string("m.\($0)") })

    /// Members of a filter for events that are not what they have to be.
    private static let badEventFilters: [JSONValue] = [
        ["limit": "x"], ["limit": -1], ["limit": 1.5], ["types": "m.room.message"], ["types": [1]], ["types": many],
        ["not_types": many], ["senders": [:]], ["senders": many], ["not_senders": [["x"]]], ["rooms": "x"],
        ["not_rooms": many], ["contains_url": "true"], ["lazy_load_members": 1], ["unread_thread_notifications": []],
        ["include_redundant_members": "x"],
    ]
    private static let oddEventFilters: [JSONValue] = [
        [:], ["limit": 0], ["limit": 9_007_199_254_740_992], ["types": []], ["types": globs], ["not_types": globs],
        ["types": ["*", "**", ""], "not_types": [""]], ["senders": ["nobody", "", "@*:*"]], ["rooms": ["x"]],
        ["not_rooms": [""]], ["types": .null, "limit": .null], ["unknown": [1, [2]]],
        ["types": [.string(String(repeating: "*", count: 60_000) + "a")]],
        ["types": [.string(String(repeating: "*a", count: 30_000))]],
    ]

    private func escaped(_ json: JSONValue) -> String {
        json.canonicalBytes.map { byte in
            (byte < 16 ? "%0" : "%") + String(byte, radix: 16)
        }.joined()
    }

    @Test func filtersAreReadOrRefused() async throws {
        let counter = StatementCounter()
        try await SyncAPI.with(counter: counter) { api in
            let (room, event) = try await api.room(by: "alice")
            func answers(_ filter: JSONValue) async -> [(String, EndpointAnswer)] {
                let event = event
                let text = escaped(filter)
                let search: JSONValue = [
                    "search_categories": ["room_events": ["search_term": "hello", "filter": filter]]
                ]
                var answers = [
                    ("messages", await api.ask(.get, "/rooms/\(room)/messages?dir=b&filter=\(text)", as: "alice")),
                    ("context", await api.ask(.get, "/rooms/\(room)/context/\(event)?filter=\(text)", as: "alice")),
                    ("search", await api.ask(.post, "/search", search, as: "alice")),
                ]
                for part in ["timeline", "state", "ephemeral", "account_data"] {
                    let whole = escaped(["room": [part: filter]])
                    answers.append(
                        (part, await api.ask(.get, "/sync?timeout=0&filter=\(whole)", as: "alice")))
                }
                return answers
            }
            for filter in Self.badEventFilters {
                for (name, answer) in await answers(filter) {
                    let note: Comment = "\(name), \(filter.canonicalBytes.prefix(40)): \(answer)"
                    #expect(answer.status == 400, note)
                    #expect(["M_INVALID_PARAM", "M_BAD_JSON"].contains(answer.errcode ?? ""), note)
                }
            }
            for (number, filter) in Self.oddEventFilters.enumerated() {
                let (all, statements) = try await counter.counting { await answers(filter) }
                for (name, answer) in all { #expect(answer.status == 200, "\(name), \(number): \(answer)") }
                #expect(statements.values.reduce(0, +) <= 150, "\(number): \(statements)")
            }
        }
    }

    @Test func whatIsNoFilterOfASyncIsRefused() async throws {
        try await SyncAPI.with { api in
            _ = try await api.room(by: "alice")
            let bad: [JSONValue] = [
                ["room": []], ["room": "x"], ["event_format": "xml"], ["event_fields": [:]],
                ["event_fields": Self.many],
                ["room": ["include_leave": "yes"]], ["room": ["rooms": Self.many]], ["presence": 1],
                ["account_data": ["types": 1]],
            ]
            for filter in bad {
                let answer = await api.ask(.get, "/sync?timeout=0&filter=\(escaped(filter))", as: "alice")
                #expect(answer.status == 400 && answer.errcode == "M_INVALID_PARAM", "\(answer)")
            }
            let deep = String(repeating: "%5B", count: 10_000)
            for text in ["%7B", "%7B%22room%22:\(deep)", "x", "-1", "99999999999999999999", "1.5", "%00", "0"] {
                let answer = await api.ask(.get, "/sync?timeout=0&filter=\(text)", as: "alice")
                #expect(answer.status == 400, "\(text.prefix(30)): \(answer)")
            }
        }
    }

    // MARK: Sliding sync

    private static let slidingPath = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?timeout=0"

    private static func list(_ members: [String: JSONValue]) -> JSONValue {
        var list: [String: JSONValue] = ["timeline_limit": 1, "required_state": []]
        list.merge(members) { $1 }
        return ["lists": ["all": .object(list)]]
    }

    @Test func rangesThatAreNoneAreRefused() async throws {
        try await SyncAPI.with { api in
            let (room, _) = try await api.room(by: "alice")
            let bad: [[String: JSONValue]] = [
                ["ranges": [[-1, 5]]], ["ranges": [[5, 1]]], ["ranges": [[0]]], ["ranges": [[0, 1, 2]]],
                ["ranges": [[0.5, 1]]], ["ranges": ["x"]], ["ranges": [[[0, 1]]]], ["ranges": [["0", "1"]]],
                ["ranges": .array(Array(repeating: [0, 1], count: 10_000))], ["ranges": 5],
                ["timeline_limit": -1], ["timeline_limit": "x"], ["timeline_limit": .null],
                ["required_state": [["m.room.name"]]], ["required_state": "x"], ["required_state": [[1, 2]]],
                ["required_state": .array(Array(repeating: ["m.room.name", ""], count: 10_000))],
                ["filters": []], ["filters": ["spaces": "x"]], ["filters": ["tags": Self.many]],
                ["filters": ["room_types": [5]]], ["filters": ["is_dm": "x"]],
            ]
            for members in bad {
                let answer = await api.ask(.post, at: Self.slidingPath, Self.list(members), as: "alice")
                #expect(answer.status == 400, "\(members.keys): \(answer)")
                #expect(
                    ["M_INVALID_PARAM", "M_BAD_JSON", "M_MISSING_PARAM"].contains(answer.errcode ?? ""), "\(answer)")
            }
            let lists = JSONValue.object(
                Dictionary(uniqueKeysWithValues: (0..<1_000).map { ("\($0)", ["timeline_limit": 1]) }))
            let rooms = JSONValue.object(
                Dictionary(uniqueKeysWithValues: (0..<10_000).map { ("!\($0):x", ["timeline_limit": 1]) }))
            let long = String(repeating: "x", count: 100_000)
            for body: JSONValue in [
                ["lists": lists], ["room_subscriptions": rooms], ["conn_id": .string(long)], ["lists": [1]],
                ["lists": [long: ["timeline_limit": 1]]], ["extensions": 1],
                ["extensions": ["to_device": ["enabled": true, "limit": -1]]],
            ] {
                let answer = await api.ask(.post, at: Self.slidingPath, body, as: "alice")
                #expect(answer.status == 400, "\(answer)")
            }
            // What is odd means what it says.
            let odd: [[String: JSONValue]] = [
                ["ranges": [[0, 9_007_199_254_740_992]]], ["ranges": [[0, .integer(.max)]]],
                ["ranges": [[0, 5], [3, 9], [0, 5], [0, 0]]], ["ranges": [[7, 9], [0, 0]]],
                ["timeline_limit": 9_007_199_254_740_991],
                ["required_state": [["*", "*"], ["", ""], ["$ME", "$ME"]]],
            ]
            for members in odd {
                let answer = await api.ask(.post, at: Self.slidingPath, Self.list(members), as: "alice")
                #expect(answer.status == 200, "\(members): \(answer)")
                #expect(answer["lists"]?["all"]?["count"] == 1)
                #expect(answer["rooms"]?[room] != nil, "\(members)")
            }
            let beyond = await api.ask(.post, at: Self.slidingPath, Self.list(["ranges": [[5, 9]]]), as: "alice")
            #expect(beyond.status == 200 && beyond["rooms"] == [:] && beyond["lists"]?["all"]?["count"] == 1)
        }
    }

    // MARK: Searches

    @Test func termsAreBounded() async throws {
        let counter = StatementCounter()
        try await SyncAPI.with(counter: counter) { api in
            _ = try await api.room(by: "alice")
            try await api.index()
            func search(_ criteria: [String: JSONValue]) async -> EndpointAnswer {
                await api.ask(
                    .post, "/search", ["search_categories": ["room_events": .object(criteria)]], as: "alice")
            }
            let megabyte = String(repeating: "hello ", count: 170_000)
            let (refused, statements) = try await counter.counting {
                await search(["search_term": .string(megabyte)])
            }
            #expect(refused.status == 400 && refused.errcode == "M_INVALID_PARAM")
            #expect(statements.askedByRequests.isEmpty, "\(statements)")
            for criteria: [String: JSONValue] in [
                [:], ["search_term": 5], ["search_term": "x", "order_by": "random"],
                ["search_term": "x", "keys": ["x"]],
                ["search_term": "x", "groupings": ["group_by": [["key": "x"]]]], ["search_term": "x", "groupings": 1],
                ["search_term": "x", "event_context": ["before_limit": "x"]],
            ] {
                let answer = await search(criteria)
                #expect(answer.status == 400, "\(criteria): \(answer)")
            }
            for term in ["", " ", "\0", "'", "\\", "&|!():*<->", "a:*", "''; drop table events", "%", "\u{202E}"] {
                let answer = await search(["search_term": .string(term)])
                #expect(answer.status == 200, "\(term): \(answer)")
                #expect(answer["search_categories"]?["room_events"]?["results"] == [], "\(term)")
            }
            for limit: JSONValue in [-1, 0, 9_007_199_254_740_991, .integer(.max), .integer(.min)] {
                let answer = await search([
                    "search_term": "hello", "event_context": ["before_limit": limit, "after_limit": limit],
                ])
                #expect(answer.status == 200 || answer.status == 400, "\(limit): \(answer)")
            }
            for (body, status) in [
                (["search_term": .string(megabyte)], 400), (["search_term": 1], 400), ([:], 400),
                (["search_term": "", "limit": 5], 200), (["search_term": "\0'\\%"], 200),
            ] as [(JSONValue, Int)] {
                let answer = await api.ask(.post, "/user_directory/search", body, as: "alice")
                #expect(answer.status == status, "\(answer)")
            }
            let listed = await api.ask(
                .post, "/publicRooms", ["filter": ["generic_search_term": .string(megabyte)]], as: "alice")
            #expect(listed.status == 200 || listed.status == 400, "\(listed)")
        }
    }

    // MARK: Rooms

    @Test func aSpaceInACircleIsWalkedOnce() async throws {
        let counter = StatementCounter()
        try await SyncAPI.with(counter: counter) { api in
            let worker = api.worker
            let alice = try await worker.user("alice")
            var spaces: [RoomID] = []
            for _ in 0..<4 {
                spaces.append(try await worker.room(by: alice) { $0.creationContent = ["type": "m.space"] })
            }
            // Each is in each, itself included.
            for space in spaces {
                for child in spaces {
                    try await worker.set(
                        EventType.spaceChild, child.description, to: ["via": ["example.org"]], in: space, as: alice)
                }
            }
            let place = "/_matrix/client/v1/rooms/\(spaces[0])/hierarchy"
            for query in ["", "?max_depth=100000&limit=100000", "?max_depth=1"] {
                let (answer, statements) = try await counter.counting {
                    await api.ask(.get, at: place + query, as: "bob")
                }
                let rooms = answer["rooms"]?.array?.compactMap { $0["room_id"]?.string } ?? []
                #expect(answer.status == 200 && rooms.count == 4 && Set(rooms).count == 4, "\(query): \(answer)")
                #expect(answer["next_batch"] == nil)
                #expect(statements.values.reduce(0, +) <= 40, "\(query): \(statements)")
            }
            for query in ["limit=0", "limit=-1", "limit=1e3", "max_depth=-1", "max_depth=x"] {
                let answer = await api.ask(.get, at: "\(place)?\(query)", as: "bob")
                #expect(answer.status == 400 && answer.errcode == "M_INVALID_PARAM", "\(query): \(answer)")
            }
        }
    }

    @Test func anAccessListIsAsLongAsAnEventCanBe() async throws {
        try await SyncAPI.with { api in
            let (room, _) = try await api.room(by: "alice")
            func set(_ count: Int) async -> EndpointAnswer {
                await api.ask(
                    .put, "/rooms/\(room)/state/m.room.server_acl/",
                    ["allow": ["*"], "deny": .array((0..<count).map { .string("*.*\($0)*.x") })], as: "alice")
            }
            let tooMany = await set(10_000)
            #expect(tooMany.status == 413 && tooMany.errcode == "M_TOO_LARGE", "\(tooMany)")
            #expect(await set(4_000).status == 200)
            let sent = await api.ask(
                .put, "/rooms/\(room)/send/m.room.message/9", ["msgtype": "m.text", "body": "x"], as: "alice")
            #expect(sent.status == 200)
        }
    }

    @Test func relationsNeedNotLeadAnywhere() async throws {
        try await SyncAPI.with { api in
            let (room, event) = try await api.room(by: "alice")
            let nowhere = "$" + String(repeating: "A", count: 43)
            var count = 0
            func send(_ relation: JSONValue) async -> EndpointAnswer {
                count += 1
                return await api.ask(
                    .put, "/rooms/\(room)/send/m.room.message/r\(count)",
                    ["msgtype": "m.text", "body": "x", "m.relates_to": relation], as: "alice")
            }
            for relation: JSONValue in [
                ["rel_type": "m.reference", "event_id": .string(nowhere)],
                ["rel_type": "m.replace", "event_id": .string(nowhere)],
                ["rel_type": "org.example", "event_id": "no event"], ["rel_type": 5, "event_id": [1]], "x", [1],
                ["m.in_reply_to": ["event_id": .string(nowhere)]], ["rel_type": .string(nowhere)],
            ] {
                let answer = await send(relation)
                #expect(answer.status == 200 || answer.status == 400, "\(relation): \(answer)")
            }
            let reply = try #require(
                await send(["rel_type": "m.thread", "event_id": .string(event)])["event_id"]?.string)
            #expect(await api.ask(.put, "/rooms/\(room)/redact/\(event)/1", [:], as: "alice").status == 200)
            // What relates to what was redacted is still there for who asks for it.
            let relations = "/_matrix/client/v1/rooms/\(room)/relations/"
            let related = await api.ask(.get, at: relations + event, as: "alice")
            #expect(related["chunk"]?.array?.compactMap { $0["event_id"]?.string } == [reply], "\(related)")
            #expect(await send(["rel_type": "m.thread", "event_id": .string(event)]).status < 500)
            for missing in [nowhere, "$x", "nothing", "%00", String(repeating: "x", count: 5_000)] {
                for place in [relations + missing, relations + missing + "/m.thread/m.room.message"] {
                    let answer = await api.ask(.get, at: place, as: "alice")
                    #expect((400...404).contains(answer.status), "\(place.prefix(90)): \(answer)")
                }
            }
            #expect([403, 404].contains(await api.ask(.get, at: relations + event, as: "eve").status))
            #expect(await api.ask(.get, at: "/_matrix/client/v1/rooms/\(room)/threads", as: "alice").status == 200)
            #expect(await api.ask(.get, "/sync?timeout=0", as: "alice").status == 200)
            let odd = await api.ask(.get, at: relations + event + "?recurse=true&limit=99999999", as: "alice")
            #expect(odd.status == 200, "\(odd)")
        }
    }
}
