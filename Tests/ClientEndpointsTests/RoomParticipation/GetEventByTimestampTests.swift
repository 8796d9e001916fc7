import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidtimestamp_to_event
@Suite struct GetEventByTimestampTests {
    private func find(_ api: SyncAPI, _ room: String, _ query: String, as user: String = "alice") async
        -> EndpointAnswer
    {
        await api.ask(.get, at: "/_matrix/client/v1/rooms/\(room)/timestamp_to_event?\(query)", as: user)
    }

    @Test func tellsTheEventAndItsTime() async throws {
        try await SyncAPI.with { api in
            let (room, said) = try await api.room(by: "alice")
            let event = await api.ask(.get, "/rooms/\(room)/event/\(said)", as: "alice")
            let time = try #require(event["origin_server_ts"]?.int)
            let last = await find(api, room, "dir=b&ts=\(time + 60_000)")
            #expect(last["event_id"]?.string == said)
            #expect(last["origin_server_ts"]?.int == time)
            #expect(await find(api, room, "dir=f&ts=0")["event_id"]?.string != nil)
            let none = await find(api, room, "dir=f&ts=\(time + 60_000)")
            #expect(none.status == 404 && none.errcode == "M_NOT_FOUND")
        }
    }

    @Test func refusesStrangersAndWhatMakesNoSense() async throws {
        try await SyncAPI.with { api in
            let room = try await api.room(by: "alice").room
            #expect(await find(api, room, "dir=f&ts=0", as: "mallory").errcode == "M_FORBIDDEN")
            #expect(await find(api, "!nowhere:example.org", "dir=f&ts=0").errcode == "M_FORBIDDEN")
            for (query, errcode) in [
                ("dir=f", "M_MISSING_PARAM"), ("ts=0", "M_MISSING_PARAM"), ("dir=x&ts=0", "M_INVALID_PARAM"),
                ("dir=f&ts=99999999999999999999", "M_INVALID_PARAM"), ("dir=f&ts=now", "M_INVALID_PARAM"),
            ] {
                let answer = await find(api, room, query)
                #expect(answer.status == 400 && answer.errcode == errcode, "\(query)")
            }
        }
    }
}
