import ApusTesting
import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

struct SlidingSyncTests {
    static let stable = "/_matrix/client/v4/sync"
    static let unstable = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync"

    @Test func answersClientsOfToday() async throws {
        try await SyncAPI.with { api in
            let (room, event) = try await api.room(by: "alice")
            // As matrix-rust-sdk asks.
            let body: JSONValue = [
                "conn_id": "room-list",
                "lists": [
                    "all_rooms": [
                        "ranges": [[0, 19]], "timeline_limit": 1,
                        "required_state": [
                            ["m.room.name", ""], ["m.room.encryption", ""], ["m.room.member", "$LAZY"],
                            ["m.room.member", "$ME"], ["m.room.create", ""],
                        ],
                        "filters": ["not_room_types": ["m.space"]], "include_heroes": true,
                    ]
                ],
                "extensions": [
                    "account_data": ["enabled": true], "receipts": ["enabled": true, "rooms": ["*"]],
                    "typing": ["enabled": true], "e2ee": ["enabled": true], "to_device": ["enabled": true],
                    "org.example.unknown": ["enabled": true],
                ],
            ]
            let first = await api.ask(.post, at: Self.unstable, body, as: "alice")
            #expect(first.status == 200, "\(first)")
            #expect(first["lists"]?["all_rooms"]?["count"]?.int == 1)
            let told = try #require(first["rooms"]?[room])
            #expect(told["initial"] == true && told["notification_count"] == 0 && told["highlight_count"] == 0)
            #expect(told["timeline"]?.array?.map { $0["event_id"]?.string } == [event])
            #expect(
                Set(told["required_state"]?.array?.compactMap { $0["type"]?.string } ?? [])
                    == ["m.room.create", "m.room.member"])
            #expect(
                Set(first["extensions"]?.object?.keys.map { $0 } ?? [])
                    == ["account_data", "receipts", "typing", "e2ee", "to_device"])
            let position = try #require(first["pos"]?.string)
            let second = await api.ask(
                .post, at: "\(Self.unstable)?pos=\(position)&timeout=20", body, as: "alice")
            #expect(second["rooms"] == [:] && second["lists"]?["all_rooms"]?["count"]?.int == 1)
        }
    }

    @Test func answersAsTheProposalHasIt() async throws {
        try await SyncAPI.with { api in
            let (room, _) = try await api.room(by: "alice")
            let list: JSONValue = [
                "range": [0, 9], "timeline_limit": 5,
                "required_state": ["include": [[:]], "exclude": [["type": "m.room.create"]], "lazy_members": true],
            ]
            let first = await api.ask(.post, at: Self.stable, ["lists": ["a": list]], as: "alice")
            let told = try #require(first["rooms"]?[room])
            #expect(told["membership"] == "join" && told["lists"] == ["a"] && told["notification_count"] == nil)
            let types = Set(told["required_state"]?.array?.compactMap { $0["type"]?.string } ?? [])
            #expect(types.contains("m.room.power_levels") && !types.contains("m.room.create"))
            let position = try #require(first["pos"]?.string)
            let body: JSONValue = ["lists": ["a": list], "pos": .string(position), "timeout": 20]
            #expect(await api.ask(.post, at: Self.stable, body, as: "alice")["rooms"] == [:])
            // What is left out is nothing.
            let empty = await api.ask(.post, at: Self.stable, [:], as: "alice")
            #expect(empty.status == 200 && empty["rooms"] == [:] && empty["extensions"] == [:])
        }
    }

    @Test(arguments: [
        (#"{"lists":{"a":{"required_state":[]}}}"#, "M_MISSING_PARAM"),
        (#"{"lists":{"a":{"timeline_limit":-1}}}"#, "M_INVALID_PARAM"),
        (#"{"lists":{"a":{"timeline_limit":"1"}}}"#, "M_BAD_JSON"),
        (#"{"lists":{"a":{"timeline_limit":1,"ranges":[[5,1]]}}}"#, "M_INVALID_PARAM"),
        (#"{"lists":{"a":{"timeline_limit":1,"ranges":[[-1,1]]}}}"#, "M_INVALID_PARAM"),
        (#"{"lists":{"a":{"timeline_limit":1,"ranges":[[1]]}}}"#, "M_INVALID_PARAM"),
        (#"{"lists":{"a":{"timeline_limit":1,"required_state":[["m.room.name"]]}}}"#, "M_INVALID_PARAM"),
        (#"{"lists":{"a":{"timeline_limit":1,"filters":{"is_dm":"yes"}}}}"#, "M_BAD_JSON"),
        (#"{"lists":{"a":{"timeline_limit":1,"filters":{"room_types":[1]}}}}"#, "M_BAD_JSON"),
        (#"{"lists":[]}"#, "M_BAD_JSON"), (#"{"room_subscriptions":{"!a:b":1}}"#, "M_BAD_JSON"),
        (#"{"extensions":{"typing":{"enabled":1}}}"#, "M_BAD_JSON"), ("[]", "M_BAD_JSON"),
    ])
    func refusesWhatCannotBe(body: String, errcode: String) async throws {
        try await SyncAPI.with { api in
            let value = try JSONValue(parsing: body)
            let answer = await api.ask(.post, at: Self.unstable, value, as: "alice")
            #expect(answer.status == 400 && answer.errcode == errcode, "\(answer)")
        }
    }

    @Test func refusesTooMuch() async throws {
        try await SyncAPI.with { api in
            func ask(_ body: JSONValue) async -> EndpointAnswer {
                await api.ask(.post, at: Self.unstable, body, as: "alice")
            }
            let list: JSONValue = ["timeline_limit": 1, "required_state": []]
            func many(_ count: Int, _ name: (Int) -> String) -> JSONValue {
                .object(Dictionary(uniqueKeysWithValues: (0..<count).map { (name($0), list) }))
            }
            #expect(await ask(["lists": many(100) { "l\($0)" }]).status == 200)
            #expect(await ask(["lists": many(101) { "l\($0)" }]).errcode == "M_INVALID_PARAM")
            #expect(await ask(["room_subscriptions": many(100) { "!r\($0):example.org" }]).status == 200)
            #expect(await ask(["room_subscriptions": many(101) { "!r\($0):example.org" }]).errcode == "M_INVALID_PARAM")
            #expect(
                await ask(["lists": many(1) { _ in String(repeating: "l", count: 65) }]).errcode == "M_INVALID_PARAM")
            #expect(await ask(["conn_id": .string(String(repeating: "c", count: 256))]).errcode == "M_INVALID_PARAM")
            let long: JSONValue = .array(Array(repeating: ["a", "b"], count: 201))
            #expect(
                await ask(["lists": ["a": ["timeline_limit": 1, "required_state": long]]]).errcode == "M_INVALID_PARAM")
            // The timeline is only as long as there may be.
            #expect(await ask(["lists": ["a": ["timeline_limit": 100_000]]]).status == 200)
        }
    }

    @Test func wantsATokenAndAKnownPosition() async throws {
        try await SyncAPI.with { api in
            for path in [Self.stable, Self.unstable] {
                let answer = await api.ask(.post, at: path, [:])
                #expect(answer.status == 401 && answer.errcode == "M_MISSING_TOKEN")
            }
            let old = await api.ask(.post, at: Self.unstable + "?pos=0/s1_2_3", [:], as: "alice")
            #expect(old.status == 400 && old.errcode == "M_UNKNOWN_POS")
            let late = await api.ask(.post, at: Self.unstable + "?timeout=-1", [:], as: "alice")
            #expect(late.errcode == "M_INVALID_PARAM")
            let absent = await api.ask(.post, at: Self.stable, ["set_presence": "asleep"], as: "alice")
            #expect(absent.errcode == "M_INVALID_PARAM")
        }
    }
}
