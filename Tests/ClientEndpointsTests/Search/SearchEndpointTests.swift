import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

@Suite struct SearchEndpointTests {
    private func body(_ term: JSONValue, _ more: [String: JSONValue] = [:]) -> JSONValue {
        var criteria = more
        criteria["search_term"] = term
        return ["search_categories": ["room_events": .object(criteria)]]
    }

    @Test func answersAsTheSpecificationSays() async throws {
        try await SyncAPI.with { api in
            let (room, event) = try await api.room(by: "alice")
            try await api.index()
            let all: [String: JSONValue] = [
                "keys": ["content.body"], "order_by": "recent", "include_state": true,
                "event_context": ["before_limit": 1, "after_limit": 1, "include_profile": true],
                "groupings": ["group_by": [["key": "room_id"], ["key": "sender"]]], "filter": ["limit": 1],
            ]
            let answer = await api.ask(.post, "/search", body("hello", all), as: "alice")
            let found = answer["search_categories"]?["room_events"]
            #expect(answer.status == 200 && found?["count"] == 1 && found?["highlights"] == ["hello"])
            let result = found?["results"]?.array?.first
            #expect(result?["result"]?["event_id"]?.string == event && result?["result"]?["room_id"]?.string == room)
            #expect(result?["rank"]?.double ?? 0 > 0)
            #expect(result?["context"]?["events_before"]?.array?.count == 1)
            #expect(result?["context"]?["events_after"] == [])
            #expect(result?["context"]?["profile_info"]?["@alice:example.org"] == [:])
            #expect(result?["context"]?["start"]?.string != nil && result?["context"]?["end"]?.string != nil)
            #expect(found?["state"]?[room]?.array?.isEmpty == false)
            #expect(found?["groups"]?["room_id"]?[room]?["results"] == [.string(event)])
            #expect(found?["groups"]?["sender"]?["@alice:example.org"]?["order"] == 1)
            #expect(found?["next_batch"] == nil)
            let nobody = await api.ask(.post, "/search", body("hello"), as: "eve")
            #expect(nobody["search_categories"]?["room_events"] == ["count": 0, "highlights": [], "results": []])
            let none = await api.ask(.post, "/search", ["search_categories": [:]], as: "alice")
            #expect(none.status == 200 && none.body == ["search_categories": [:]])
            #expect(await api.ask(.post, "/search", body("hello")).status == 401)
        }
    }

    @Test func nextBatchGoesOn() async throws {
        try await SyncAPI.with { api in
            let (room, _) = try await api.room(by: "alice")
            _ = await api.ask(
                .put, "/rooms/\(room)/send/m.room.message/2", ["msgtype": "m.text", "body": "hello again"], as: "alice")
            try await api.index()
            var found: [String] = []
            var path = "/search"
            for _ in 0..<3 {
                let answer = await api.ask(.post, path, body("hello", ["filter": ["limit": 1]]), as: "alice")
                let events = answer["search_categories"]?["room_events"]
                #expect(events?["count"] == 2)
                found += events?["results"]?.array?.compactMap { $0["result"]?["content"]?["body"]?.string } ?? []
                guard let next = events?["next_batch"]?.string else { break }
                path = "/search?next_batch=\(next)"
            }
            #expect(found.sorted() == ["hello", "hello again"])
        }
    }

    @Test func refusesBadInput() async throws {
        try await SyncAPI.with { api in
            func errcode(_ body: JSONValue, _ path: String = "/search") async -> String? {
                await api.ask(.post, path, body, as: "alice").errcode
            }
            #expect(await errcode([:]) == "M_MISSING_PARAM")
            #expect(await errcode(["search_categories": 1]) == "M_BAD_JSON")
            #expect(await errcode(["search_categories": ["room_events": [:]]]) == "M_MISSING_PARAM")
            #expect(await errcode(body(1)) == "M_BAD_JSON")
            #expect(await errcode(body(.string(String(repeating: "a ", count: 500_000)))) == "M_INVALID_PARAM")
            #expect(await errcode(body("a", ["order_by": "best"])) == "M_INVALID_PARAM")
            #expect(await errcode(body("a", ["keys": ["content.secret"]])) == "M_INVALID_PARAM")
            #expect(await errcode(body("a", ["filter": ["limit": "x"]])) == "M_INVALID_PARAM")
            #expect(await errcode(body("a", ["groupings": ["group_by": [["key": "month"]]]])) == "M_INVALID_PARAM")
            #expect(await errcode(body("a"), "/search?next_batch=abc") == "M_INVALID_PARAM")
            #expect(await errcode(body("a", ["event_context": ["before_limit": -4]])) == nil)
        }
    }

    @Test func peopleAreFound() async throws {
        try await SyncAPI.with { api in
            let (room, _) = try await api.room(by: "alice")
            _ = await api.ask(.post, "/join/\(room)", [:], as: "bob")
            try await api.index()
            let path = "/user_directory/search"
            let found = await api.ask(.post, path, ["search_term": "bo"], as: "alice")
            #expect(found.body == ["results": [["user_id": "@bob:example.org"]], "limited": false])
            let limited = await api.ask(.post, path, ["search_term": "o", "limit": 1], as: "alice")
            #expect(limited.body == ["results": [], "limited": false])
            #expect(await api.ask(.post, path, [:], as: "alice").errcode == "M_MISSING_PARAM")
            #expect(await api.ask(.post, path, ["search_term": 1], as: "alice").errcode == "M_BAD_JSON")
            let long = JSONValue.string(String(repeating: "a", count: 1_000_000))
            #expect(await api.ask(.post, path, ["search_term": long], as: "alice").errcode == "M_INVALID_PARAM")
            #expect(await api.ask(.post, path, ["search_term": "bo"]).status == 401)
        }
    }
}
