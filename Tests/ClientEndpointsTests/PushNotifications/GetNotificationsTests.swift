import EndpointsTesting
import HTTPTypes
import MatrixCore
import RoomsTesting
import Testing

struct GetNotificationsTests {
    @Test func answersAsTheSpecificationHasIt() async throws {
        try await PushAPI.with { api in
            let (alice, bob) = (try await api.worker.user("alice"), try await api.worker.user("bob"))
            let room = try await api.worker.room(by: alice, members: [bob])
            for number in 0..<3 { try await api.worker.say("\(number)", in: room, as: alice) }
            let mention: [String: JSONValue] = ["m.mentions": ["user_ids": ["@bob:example.org"]]]
            let loud = try await api.worker.say("bob!", in: room, as: alice, mention)
            let first = await api.ask(.get, "/notifications?limit=3")
            #expect(first.status == 200)
            let told = first["notifications"]?.array ?? []
            #expect(told.map { $0["event"]?["content"]?["body"]?.string } == ["bob!", "2", "1"])
            #expect(Set(told[0].object?.keys.map { $0 } ?? []) == ["actions", "event", "read", "room_id", "ts"])
            let token = try #require(first["next_token"]?.string)
            let rest = await api.ask(.get, "/notifications?limit=3&from=\(token)")
            #expect(rest["notifications"]?.array?.map { $0["event"]?["content"]?["body"]?.string } == ["0"])
            #expect(rest["next_token"] == nil)
            let highlights = await api.ask(.get, "/notifications?only=highlight")["notifications"]?.array ?? []
            #expect(highlights.map { $0["event"]?["event_id"]?.string } == [loud.description])
            #expect(await api.ask(.get, "/notifications", as: "carol").body == ["notifications": []])
        }
    }

    @Test(arguments: ["limit=-1", "limit=many", "from=nonsense"])
    func refusesWhatCannotBe(query: String) async throws {
        try await PushAPI.with { api in
            let answer = await api.ask(.get, "/notifications?\(query)")
            #expect(answer.status == 400 && answer.errcode == "M_INVALID_PARAM", "\(answer)")
        }
    }
}
