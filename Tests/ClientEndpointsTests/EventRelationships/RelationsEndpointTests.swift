import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#relationships-api
@Suite struct RelationsEndpointTests {
    private func relate(
        _ api: SyncAPI, _ room: String, _ parent: String, _ number: Int, type: String = "m.thread"
    ) async throws -> String {
        let sent = await api.ask(
            .put, "/rooms/\(room)/send/m.room.message/\(parent)-\(number)",
            ["body": .string("\(number)"), "m.relates_to": ["rel_type": .string(type), "event_id": .string(parent)]],
            as: "alice")
        return try #require(sent["event_id"]?.string)
    }

    private func get(_ api: SyncAPI, _ path: String, as user: String = "alice") async -> EndpointAnswer {
        await api.ask(.get, at: "/_matrix/client/v1/rooms/\(path)", as: user)
    }

    private func ids(_ answer: EndpointAnswer) -> [String] {
        (answer["chunk"]?.array ?? []).compactMap { $0["event_id"]?.string }
    }

    @Test func givesPagesInBothDirections() async throws {
        try await SyncAPI.with { api in
            let (room, parent) = try await api.room(by: "alice")
            var children: [String] = []
            for number in 0..<3 { children.append(try await relate(api, room, parent, number)) }
            let first = await get(api, "\(room)/relations/\(parent)?limit=2")
            #expect(ids(first) == [children[2], children[1]])
            #expect(first["prev_batch"] == nil && first["recursion_depth"] == nil)
            #expect(first["chunk"]?.array?.first?["room_id"]?.string == room)
            let next = try #require(first["next_batch"]?.string)
            let second = await get(api, "\(room)/relations/\(parent)?limit=2&from=\(next)")
            #expect(ids(second) == [children[0]])
            #expect(second["prev_batch"]?.string == next && second["next_batch"] == nil)
            #expect(ids(await get(api, "\(room)/relations/\(parent)?dir=f")) == children)
            // A token of a sync stands for a place as well.
            let token = try #require(await api.ask(.get, "/sync", as: "alice")["next_batch"]?.string)
            _ = try await relate(api, room, parent, 3)
            #expect(ids(await get(api, "\(room)/relations/\(parent)?from=\(token)")) == children.reversed())
        }
    }

    @Test func narrowsByTypes() async throws {
        try await SyncAPI.with { api in
            let (room, parent) = try await api.room(by: "alice")
            let child = try await relate(api, room, parent, 0)
            let odd = try await relate(api, room, parent, 1, type: "org.example.odd")
            #expect(ids(await get(api, "\(room)/relations/\(parent)/m.thread")) == [child])
            #expect(ids(await get(api, "\(room)/relations/\(parent)/org.example.odd/m.room.message")) == [odd])
            #expect(ids(await get(api, "\(room)/relations/\(parent)/org.example.odd/m.sticker")).isEmpty)
        }
    }

    @Test func tellsHowDeepItWent() async throws {
        try await SyncAPI.with { api in
            let (room, parent) = try await api.room(by: "alice")
            let child = try await relate(api, room, parent, 0)
            let grandchild = try await relate(api, room, child, 0, type: "m.reference")
            let deep = await get(api, "\(room)/relations/\(parent)?recurse=true")
            #expect(ids(deep) == [grandchild, child])
            #expect(deep["recursion_depth"] == 3)
            let flat = await get(api, "\(room)/relations/\(parent)?recurse=false")
            #expect(ids(flat) == [child])
            #expect(flat["recursion_depth"] == 1)
            // What relates to an event is told with it here, too.
            let chunk = deep["chunk"]?.array?.last
            #expect(chunk?["unsigned"]?["m.relations"]?["m.reference"] != nil)
        }
    }

    @Test func refusesWhatIsNotThereOrNotForOnesEyes() async throws {
        try await SyncAPI.with { api in
            let (room, parent) = try await api.room(by: "alice")
            let nothing = "$" + String(repeating: "b", count: 43)
            for path in ["\(room)/relations/\(nothing)", "!nowhere:example.org/relations/\(parent)"] {
                let answer = await get(api, path)
                #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND")
            }
            let stranger = await get(api, "\(room)/relations/\(parent)", as: "mallory")
            #expect(stranger.status == 404 && stranger.errcode == "M_NOT_FOUND")
            for query in ["from=x", "to=x", "dir=x", "limit=-1", "limit=x", "recurse=x"] {
                let answer = await get(api, "\(room)/relations/\(parent)?\(query)")
                #expect(answer.status == 400 && answer.errcode == "M_INVALID_PARAM", "\(query)")
            }
        }
    }

    @Test func aPageOfMessagesHoldsWhatRelatesToThem() async throws {
        try await SyncAPI.with { api in
            let (room, parent) = try await api.room(by: "alice")
            let child = try await relate(api, room, parent, 0)
            let path = "/_matrix/client/v3/rooms/\(room)"
            let single = await api.ask(.get, at: "\(path)/event/\(parent)", as: "alice")
            let context = await api.ask(.get, at: "\(path)/context/\(child)", as: "alice")
            let page = await api.ask(.get, at: "\(path)/messages?dir=b", as: "alice")
            let sync = await api.ask(.get, "/sync", as: "alice")["rooms"]?["join"]?[room]?["timeline"]?["events"]
            func parentOf(_ events: JSONValue?) -> JSONValue? {
                events?.array?.first { $0["event_id"]?.string == parent }
            }
            for event in [single.body, parentOf(context["events_before"]), parentOf(page["chunk"]), parentOf(sync)] {
                let thread = event?["unsigned"]?["m.relations"]?["m.thread"]
                #expect(thread?["latest_event"]?["event_id"]?.string == child)
                #expect(thread?["count"] == 1)
            }
        }
    }
}
