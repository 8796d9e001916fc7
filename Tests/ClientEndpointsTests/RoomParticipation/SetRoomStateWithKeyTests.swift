import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

struct SetRoomStateWithKeyTests {
    @Test(
        arguments: [
            ["ban": "50"], ["users": []], ["users": ["alice": 100]], ["users": ["@bob:example.org": "100"]],
            ["events": ["m.room.name": true]], ["notifications": ["room": nil]], ["users_default": [:]],
        ] as [JSONValue])
    func refusesPowerLevelsOfTheWrongShape(content: JSONValue) async throws {
        try await SyncAPI.with { api in
            let room = try await api.room(by: "alice").room
            let answer = await api.ask(.put, "/rooms/\(room)/state/m.room.power_levels", content, as: "alice")
            #expect(answer.status == 400)
            #expect(answer.errcode == "M_BAD_JSON")
            let created = await api.ask(
                .post, "/createRoom", ["power_level_content_override": content], as: "alice")
            #expect(created.status == 400)
            #expect(created.errcode == "M_BAD_JSON")
            #expect(await api.ask(.get, "/joined_rooms", as: "alice")["joined_rooms"] == [.string(room)])
        }
    }

    @Test(arguments: [[:], ["membership": 1], ["membership": "here"], ["membership": nil]] as [JSONValue])
    func refusesMembershipsOfTheWrongShape(content: JSONValue) async throws {
        try await SyncAPI.with { api in
            let room = try await api.room(by: "alice").room
            let path = "/rooms/\(room)/state/m.room.member/@alice:example.org"
            let answer = await api.ask(.put, path, content, as: "alice")
            #expect(answer.status == 400)
            #expect(answer.errcode == "M_BAD_JSON")
            #expect(await api.ask(.get, path, as: "alice")["membership"] == "join")
        }
    }

    /// What is well-formed and not allowed is another thing.
    @Test func refusesWhatTheCallerMayNot() async throws {
        try await SyncAPI.with { api in
            let room = try await api.room(by: "alice").room
            #expect(await api.ask(.post, "/join/\(room)", [:], as: "bob").status == 200)
            let answer = await api.ask(.put, "/rooms/\(room)/state/m.room.power_levels", ["ban": 0], as: "bob")
            #expect(answer.status == 403)
            #expect(answer.errcode == "M_FORBIDDEN")
        }
    }
}
