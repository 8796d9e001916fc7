import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

struct CreateRoomTests {
    /// This server lets administrators publish rooms, and nobody else.
    @Test func aRoomThatMayNotBePublishedIsNotCreated() async throws {
        try await SyncAPI.with { api in
            let answer = await api.ask(.post, "/createRoom", ["visibility": "public"], as: "alice")
            #expect(answer.status == 403)
            #expect(answer.errcode == "M_FORBIDDEN")
            #expect(await api.ask(.get, "/joined_rooms", as: "alice")["joined_rooms"] == [])
            #expect(await api.ask(.post, "/createRoom", ["visibility": "private"], as: "alice").status == 200)
        }
    }
}
