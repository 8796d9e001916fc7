import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

struct SetReadMarkerTests {
    @Test func movesMarkerAndReceiptsTogether() async throws {
        try await SyncAPI.with { api in
            let (room, event) = try await api.room(by: "alice")
            let body: JSONValue = ["m.fully_read": .string(event), "m.read.private": .string(event)]
            #expect(await api.ask(.post, "/rooms/\(room)/read_markers", body, as: "alice").body == [:])
            let joined = await api.ask(.get, "/sync", as: "alice")["rooms"]?["join"]?[room]
            #expect(
                joined?["account_data"]?["events"] == [
                    ["type": "m.fully_read", "content": ["event_id": .string(event)]]
                ])
            #expect(
                joined?["ephemeral"]?["events"]?.array?.first?["content"]?[event]?["m.read.private"]?[
                    "@alice:example.org"] != nil)
        }
    }

    @Test func takesAnEmptyBodyAndRefusesWhatIsNoEvent() async throws {
        try await SyncAPI.with { api in
            let (room, _) = try await api.room(by: "alice")
            let path = "/rooms/\(room)/read_markers"
            #expect(await api.ask(.post, path, [:], as: "alice").status == 200)
            #expect(await api.ask(.post, path, ["m.read": "no event"], as: "alice").errcode == "M_INVALID_PARAM")
            #expect(await api.ask(.post, path, ["m.read": 5], as: "alice").errcode == "M_BAD_JSON")
            #expect(await api.ask(.post, path, ["m.fully_read": "$none"], as: "alice").status == 404)
            #expect(await api.ask(.post, path, [:], as: "eve").status == 403)
        }
    }
}
