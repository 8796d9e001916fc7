import EndpointsTesting
import HTTPTypes
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

@Suite struct RoomHistoryTests {
    private func ids(_ value: JSONValue?) -> [String] {
        guard case .array(let entries)? = value else { return [] }
        return entries.compactMap(\.string)
    }

    private func bodies(_ value: JSONValue?) -> [String] {
        guard case .array(let events)? = value else { return [] }
        return events.compactMap { $0["content"]?["body"]?.string }
    }

    /// A room in which they are, with messages.
    private func with(
        _ body: @escaping @Sendable (FederatedRoomAPI, String, [EventID]) async throws -> Void
    ) async throws {
        try await FederatedRoomAPI.with { api in
            let alice = try await api.account("alice")
            let room = try await api.room(by: alice)
            let join = try await api.draft("join", "bob", in: room)
            let path = room.roomID.description
            let joined = try await api.ask(
                .put, "v2/send_join", path, join.eventID.description, body: join.json.value())
            #expect(joined.status == 200)
            var said: [EventID] = []
            for text in ["one", "two", "three", "four"] {
                said.append(
                    try await api.send(
                        EventType.message, nil, ["msgtype": "m.text", "body": .string(text)], in: room, by: alice))
            }
            try await body(api, path, said)
        }
    }

    @Test func givesEvents() async throws {
        try await with { api, path, said in
            let event = try await api.ask(.get, "v1/event", said[1].description)
            #expect(event.status == 200)
            #expect(event["origin"] == "example.org")
            #expect(bodies(event["pdus"]) == ["two"])

            let last = FederatedRoomAPI.escaped(said[3].description)
            let back = try await api.ask(.get, "v1/backfill", path, query: "v=\(last)&limit=3")
            #expect(bodies(back["pdus"]) == ["four", "three", "two"])

            let missing = try await api.ask(
                .post, "v1/get_missing_events", path,
                body: [
                    "earliest_events": [.string(said[0].description)], "latest_events": [.string(said[3].description)],
                ])
            #expect(bodies(missing["events"]) == ["two", "three"])
        }
    }

    @Test func givesTheEventNearestToATime() async throws {
        try await with { api, path, said in
            let found = try await api.rooms.reader.events.event(
                said[3], in: try await api.worker.record(try #require(RoomID(path))))
            let time = try #require(found).event.originServerTS
            let last = try await api.ask(.get, "v1/timestamp_to_event", path, query: "dir=b&ts=\(time + 60_000)")
            #expect(last["event_id"]?.string == said[3].description)
            #expect(last["origin_server_ts"]?.int == time)
            let none = try await api.ask(.get, "v1/timestamp_to_event", path, query: "dir=f&ts=\(time + 60_000)")
            #expect(none.status == 404 && none.errcode == "M_NOT_FOUND")
            let elsewhere = try await api.ask(
                .get, "v1/timestamp_to_event", "!nowhere:example.org", query: "dir=f&ts=0")
            #expect(elsewhere.status == 403 && elsewhere.errcode == "M_FORBIDDEN")
            for query in ["dir=f", "ts=1", "dir=x&ts=1", "dir=f&ts=x"] {
                #expect(try await api.ask(.get, "v1/timestamp_to_event", path, query: query).status == 400, "\(query)")
            }
        }
    }

    @Test func givesStates() async throws {
        try await with { api, path, said in
            let query = "event_id=\(FederatedRoomAPI.escaped(said[2].description))"
            let byID = try await api.ask(.get, "v1/state_ids", path, query: query)
            let state = try await api.ask(.get, "v1/state", path, query: query)
            guard case .array(let pdus)? = state["pdus"], case .array(let chain)? = state["auth_chain"] else {
                Issue.record("no state: \(state.status) \(state.body)")
                return
            }
            #expect(pdus.count == ids(byID["pdu_ids"]).count && pdus.count > 5)
            #expect(chain.count == ids(byID["auth_chain_ids"]).count && chain.first?["type"] == "m.room.create")

            let auth = try await api.ask(.get, "v1/event_auth", path, said[2].description)
            guard case .array(let authChain)? = auth["auth_chain"] else {
                Issue.record("no auth chain")
                return
            }
            #expect(authChain.first?["type"] == "m.room.create")
        }
    }

    @Test func saysWhatIsWrong() async throws {
        try await with { api, path, said in
            let last = FederatedRoomAPI.escaped(said[3].description)
            for (answer, status, errcode) in [
                (try await api.ask(.get, "v1/event", said[0].description, signed: false), 401, "M_UNAUTHORIZED"),
                (try await api.ask(.get, "v1/event", "$unknown:example.org"), 404, "M_NOT_FOUND"),
                (try await api.ask(.get, "v1/state", path), 400, "M_MISSING_PARAM"),
                (try await api.ask(.get, "v1/state_ids", path, query: "event_id=x"), 400, "M_INVALID_PARAM"),
                (try await api.ask(.get, "v1/state", path, query: "event_id=%24unknown"), 404, "M_NOT_FOUND"),
                (try await api.ask(.get, "v1/event_auth", path, "$unknown"), 404, "M_NOT_FOUND"),
                (try await api.ask(.get, "v1/backfill", path, query: "limit=3"), 400, "M_MISSING_PARAM"),
                (try await api.ask(.get, "v1/backfill", path, query: "v=\(last)"), 400, "M_MISSING_PARAM"),
                (try await api.ask(.get, "v1/backfill", path, query: "v=\(last)&limit=0"), 400, "M_INVALID_PARAM"),
                (
                    try await api.ask(.get, "v1/backfill", "!x:example.org", query: "v=\(last)&limit=3"), 403,
                    "M_FORBIDDEN"
                ),
                (
                    try await api.ask(.post, "v1/get_missing_events", path, body: ["latest_events": "x"]), 400,
                    "M_BAD_JSON"
                ),
                (
                    try await api.ask(
                        .post, "v1/get_missing_events", path, body: ["earliest_events": [], "limit": -1]), 400,
                    "M_INVALID_PARAM"
                ),
            ] {
                #expect(answer.status == status)
                #expect(answer.errcode == errcode)
            }
        }
    }
}
