import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidthreads
@Suite struct GetThreadRootsTests {
    private func threads(_ api: SyncAPI, _ room: String, _ query: String = "", as user: String) async -> EndpointAnswer
    {
        await api.ask(.get, at: "/_matrix/client/v1/rooms/\(room)/threads?\(query)", as: user)
    }

    private func ids(_ answer: EndpointAnswer) -> [String] {
        (answer["chunk"]?.array ?? []).compactMap { $0["event_id"]?.string }
    }

    @Test func listsRootsWithTheirThreads() async throws {
        try await SyncAPI.with { api in
            let (room, first) = try await api.room(by: "alice")
            #expect(await api.ask(.post, "/join/\(room)", [:], as: "bob").status == 200)
            func send(_ text: String, in root: String?, as user: String) async throws -> String {
                var content: JSONValue = ["msgtype": "m.text", "body": .string(text)]
                if let root { content["m.relates_to"] = ["rel_type": "m.thread", "event_id": .string(root)] }
                let sent = await api.ask(
                    .put, "/rooms/\(room)/send/m.room.message/\(text)", content, as: user)
                return try #require(sent["event_id"]?.string)
            }
            let second = try await send("second", in: nil, as: "alice")
            _ = try await send("a", in: first, as: "alice")
            _ = try await send("b", in: second, as: "bob")
            let all = await threads(api, room, as: "bob")
            #expect(ids(all) == [second, first])
            #expect(all["next_batch"] == nil)
            let thread = all["chunk"]?.array?.first?["unsigned"]?["m.relations"]?["m.thread"]
            #expect(thread?["count"] == 1 && thread?["current_user_participated"] == true)
            #expect(ids(await threads(api, room, "include=participated", as: "bob")) == [second])
            let page = await threads(api, room, "limit=1", as: "alice")
            #expect(ids(page) == [second])
            let next = try #require(page["next_batch"]?.string)
            #expect(ids(await threads(api, room, "limit=1&from=\(next)", as: "alice")) == [first])
        }
    }

    @Test func refusesStrangersAndWhatMakesNoSense() async throws {
        try await SyncAPI.with { api in
            let room = try await api.room(by: "alice").room
            let stranger = await threads(api, room, as: "mallory")
            #expect(stranger.status == 403 && stranger.errcode == "M_FORBIDDEN")
            #expect(await threads(api, "!nowhere:example.org", as: "alice").status == 403)
            for query in ["from=nowhere", "include=some", "limit=0"] {
                let answer = await threads(api, room, query, as: "alice")
                #expect(answer.status == 400 && answer.errcode == "M_INVALID_PARAM", "\(query)")
            }
        }
    }
}
