import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

struct PostReceiptTests {
    @Test func isSeenByTheRoom() async throws {
        try await SyncAPI.with { api in
            let (room, event) = try await api.room(by: "alice")
            _ = await api.ask(.post, "/join/\(room)", [:], as: "bob")
            let answer = await api.ask(
                .post, "/rooms/\(room)/receipt/m.read/\(event)", ["thread_id": "main"], as: "bob")
            #expect(answer.body == [:])
            let events = await api.ask(.get, "/sync", as: "alice")["rooms"]?["join"]?[room]?["ephemeral"]?["events"]
            let receipt = events?.array?.first?["content"]?[event]?["m.read"]?["@bob:example.org"]
            #expect(receipt?["thread_id"] == "main")
            #expect(receipt?["ts"]?.int != nil)
        }
    }

    @Test func refusesWhatCannotBe() async throws {
        try await SyncAPI.with { api in
            let (room, event) = try await api.room(by: "alice")
            let path = "/rooms/\(room)/receipt/m.read/\(event)"
            for thread in [1, "", [:], "nonsense", "$another:example.org"] as [JSONValue] {
                let answer = await api.ask(.post, path, ["thread_id": thread], as: "alice")
                #expect(answer.status == 400 && answer.errcode == "M_INVALID_PARAM", "\(thread) \(answer)")
            }
            let marker = await api.ask(
                .post, "/rooms/\(room)/receipt/m.fully_read/\(event)", ["thread_id": "main"], as: "alice")
            #expect(marker.errcode == "M_INVALID_PARAM")
            #expect(await api.ask(.post, "/rooms/\(room)/receipt/m.seen/\(event)", [:], as: "alice").status == 400)
            #expect(await api.ask(.post, "/rooms/\(room)/receipt/m.read/$none", [:], as: "alice").status == 404)
            #expect(await api.ask(.post, path, [:], as: "eve").errcode == "M_FORBIDDEN")
        }
    }
}
