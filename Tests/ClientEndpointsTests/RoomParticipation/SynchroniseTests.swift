import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

struct SynchroniseTests {
    @Test func answersAsTheSpecificationHasIt() async throws {
        try await SyncAPI.with { api in
            let (room, event) = try await api.room(by: "alice")
            let answer = await api.ask(.get, "/sync", as: "alice")
            #expect(answer.status == 200)
            #expect(
                Set(answer.body.object?.keys.map { $0 } ?? []) == [
                    "next_batch", "account_data", "presence", "to_device", "device_lists", "device_one_time_keys_count",
                    "device_unused_fallback_key_types", "rooms",
                ])
            let joined = answer["rooms"]?["join"]?[room]
            let newest = joined?["timeline"]?["events"]?.array?.last
            #expect(newest?["event_id"]?.string == event)
            #expect(newest?["unsigned"]?["transaction_id"]?.string == "1", "its own device sees its transaction")
            #expect(joined?["unread_notifications"] == ["notification_count": 0, "highlight_count": 0])
            let since = try #require(answer["next_batch"]?.string)
            let next = await api.ask(.get, "/sync?since=\(since)&timeout=50", as: "alice")
            #expect(next["rooms"] == ["join": [:], "invite": [:], "knock": [:], "leave": [:]])
        }
    }

    @Test(arguments: [
        ("since=nonsense", "M_INVALID_PARAM"), ("filter=%7B", "M_NOT_JSON"), ("filter=77", "M_INVALID_PARAM"),
        ("timeout=-1", "M_INVALID_PARAM"), ("timeout=soon", "M_INVALID_PARAM"),
        ("full_state=perhaps", "M_INVALID_PARAM"),
        ("set_presence=asleep", "M_INVALID_PARAM"),
    ])
    func refusesWhatCannotBe(query: String, errcode: String) async throws {
        try await SyncAPI.with { api in
            let answer = await api.ask(.get, "/sync?\(query)", as: "alice")
            #expect(answer.status == 400 && answer.errcode == errcode, "\(answer)")
        }
    }

    @Test func wantsAToken() async throws {
        try await SyncAPI.with { api in
            let answer = await api.ask(.get, "/sync")
            #expect(answer.status == 401 && answer.errcode == "M_MISSING_TOKEN")
        }
    }
}
