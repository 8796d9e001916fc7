import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

struct SetTypingTests {
    @Test func isSeenByTheRoom() async throws {
        try await SyncAPI.with { api in
            let (room, _) = try await api.room(by: "alice")
            _ = await api.ask(.post, "/join/\(room)", [:], as: "bob")
            let path = "/rooms/\(room)/typing/@bob:example.org"
            #expect(await api.ask(.put, path, ["typing": true, "timeout": 30_000], as: "bob").body == [:])
            let typing = await api.ask(.get, "/sync", as: "alice")["rooms"]?["join"]?[room]?["ephemeral"]?["events"]
            #expect(typing == [["type": "m.typing", "content": ["user_ids": ["@bob:example.org"]]]])
            #expect(await api.ask(.put, path, ["typing": false], as: "bob").status == 200)
            let ended = await api.ask(.get, "/sync", as: "alice")["rooms"]?["join"]?[room]?["ephemeral"]?["events"]
            #expect(ended == [])
        }
    }

    @Test func refusesOthersAndStrangers() async throws {
        try await SyncAPI.with { api in
            let (room, _) = try await api.room(by: "alice")
            let asOther = await api.ask(.put, "/rooms/\(room)/typing/@bob:example.org", ["typing": true], as: "alice")
            #expect(asOther.status == 403 && asOther.errcode == "M_FORBIDDEN")
            let stranger = await api.ask(.put, "/rooms/\(room)/typing/@eve:example.org", ["typing": true], as: "eve")
            #expect(stranger.status == 403)
            let path = "/rooms/\(room)/typing/@alice:example.org"
            #expect(await api.ask(.put, path, [:], as: "alice").errcode == "M_MISSING_PARAM")
            #expect(await api.ask(.put, path, ["typing": "yes"], as: "alice").errcode == "M_BAD_JSON")
            #expect(await api.ask(.put, path, ["typing": true, "timeout": -5], as: "alice").status == 200)
        }
    }
}
