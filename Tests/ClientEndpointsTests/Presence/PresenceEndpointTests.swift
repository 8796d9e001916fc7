import ApusTesting
import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

@Suite struct PresenceEndpointTests {
    private func presence(_ answer: EndpointAnswer, of user: String) -> JSONValue? {
        answer["presence"]?["events"]?.array?.last { $0["sender"]?.string == "@\(user):example.org" }?["content"]
    }

    private func together(_ api: SyncAPI, _ users: [String]) async throws -> String {
        let (room, _) = try await api.room(by: users[0])
        for user in users.dropFirst() { _ = await api.ask(.post, "/join/\(room)", [:], as: user) }
        return room
    }

    @Test func isSetAndReadByWhoSharesARoom() async throws {
        try await SyncAPI.with { api in
            _ = try await together(api, ["alice", "bob"])
            let path = "/presence/@alice:example.org/status"
            #expect(await api.ask(.get, path, as: "bob").body == ["presence": "offline"])
            let set = await api.ask(.put, path, ["presence": "online", "status_msg": "here"], as: "alice")
            #expect(set.status == 200 && set.body == [:])
            for user in ["alice", "bob"] {
                let answer = await api.ask(.get, path, as: user)
                #expect(answer["presence"] == "online" && answer["status_msg"] == "here")
                #expect(answer["currently_active"] == true && answer["last_active_ago"]?.int ?? -1 >= 0)
            }
            let stranger = await api.ask(.get, path, as: "eve")
            #expect(stranger.status == 403 && stranger.errcode == "M_FORBIDDEN")
            #expect(await api.ask(.get, "/presence/@nobody:example.org/status", as: "bob").status == 403)
            #expect(await api.ask(.get, "/presence/bob/status", as: "bob").errcode == "M_INVALID_PARAM")
        }
    }

    @Test func refusesOthersAndWhatIsNone() async throws {
        try await SyncAPI.with { api in
            let path = "/presence/@alice:example.org/status"
            #expect(await api.ask(.put, path, ["presence": "online"], as: "bob").errcode == "M_FORBIDDEN")
            #expect(await api.ask(.put, path, [:], as: "alice").errcode == "M_MISSING_PARAM")
            #expect(await api.ask(.put, path, ["presence": "asleep"], as: "alice").errcode == "M_INVALID_PARAM")
            #expect(await api.ask(.put, path, ["presence": 1], as: "alice").errcode == "M_BAD_JSON")
            let long = JSONValue.string(String(repeating: "x", count: 2000))
            let answer = await api.ask(.put, path, ["presence": "online", "status_msg": long], as: "alice")
            #expect(answer.errcode == "M_INVALID_PARAM")
            #expect(await api.ask(.get, path, as: "alice").body == ["presence": "offline"])
        }
    }

    @Test func syncsShowIt() async throws {
        try await SyncAPI.with { api in
            _ = try await together(api, ["alice", "bob"])
            _ = await api.ask(.get, "/sync?set_presence=unavailable", as: "alice")
            let first = await api.ask(.get, "/sync?set_presence=offline", as: "bob")
            #expect(presence(first, of: "alice")?["presence"] == "unavailable")
            #expect(presence(first, of: "bob") == nil, "who does not want to be seen is not")
            let since = first["next_batch"]?.string ?? ""
            // Waits until there is something.
            async let next = api.ask(.get, "/sync?since=\(since)&timeout=20000&set_presence=offline", as: "bob")
            _ = await api.ask(.put, "/presence/@alice:example.org/status", ["presence": "online"], as: "alice")
            let second = await next
            #expect(presence(second, of: "alice")?["presence"] == "online")
            let third = await api.ask(
                .get, "/sync?since=\(second["next_batch"]?.string ?? "")&set_presence=offline", as: "bob")
            #expect(third["presence"]?["events"] == [], "once is enough")
            let filter = #"{"presence":{"not_types":["m.presence"]}}"#
            let encoded = filter.utf8.map { "%" + String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            let without = await api.ask(.get, "/sync?filter=\(encoded)&set_presence=offline", as: "bob")
            #expect(without["presence"]?["events"] == [])
            #expect(await api.ask(.get, "/sync?set_presence=there", as: "bob").errcode == "M_INVALID_PARAM")
        }
    }

    @Test func strangersSeeNothingUntilTheyMeet() async throws {
        try await SyncAPI.with { api in
            let room = try await together(api, ["alice", "bob"])
            _ = await api.ask(.get, "/sync", as: "alice")
            let first = await api.ask(.get, "/sync?set_presence=offline", as: "eve")
            #expect(first["presence"]?["events"] == [])
            _ = await api.ask(.post, "/join/\(room)", [:], as: "eve")
            let second = await api.ask(
                .get, "/sync?since=\(first["next_batch"]?.string ?? "")&set_presence=offline", as: "eve")
            #expect(presence(second, of: "alice")?["presence"] == "online")
        }
    }

    @Test func whoIsInTheRoomSeesWhoCame() async throws {
        try await SyncAPI.with { api in
            let room = try await together(api, ["alice"])
            _ = await api.ask(.put, "/presence/@eve:example.org/status", ["presence": "online"], as: "eve")
            let first = await api.ask(.get, "/sync", as: "alice")
            #expect(presence(first, of: "eve") == nil)
            _ = await api.ask(.post, "/join/\(room)", [:], as: "eve")
            let second = await api.ask(.get, "/sync?since=\(first["next_batch"]?.string ?? "")", as: "alice")
            #expect(presence(second, of: "eve")?["presence"] == "online")
        }
    }

    @Test func sendingIsBeingThere() async throws {
        try await SyncAPI.with { api in
            let room = try await together(api, ["alice", "bob"])
            _ = await api.ask(.get, "/sync?set_presence=unavailable", as: "alice")
            #expect(await api.ask(.get, "/presence/@alice:example.org/status", as: "bob")["presence"] == "unavailable")
            _ = await api.ask(
                .put, "/rooms/\(room)/send/m.room.message/t", ["body": "hi", "msgtype": "m.text"], as: "alice")
            #expect(await api.ask(.get, "/presence/@alice:example.org/status", as: "bob")["presence"] == "online")
        }
    }
}
