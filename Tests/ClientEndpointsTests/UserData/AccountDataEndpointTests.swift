import EndpointsTesting
import HTTPTypes
import MatrixCore
import Storage
import Testing

@Suite struct AccountDataEndpointTests {
    private static let room = "!room:example.org"

    private func makeRoom(_ api: AccountAPI) async throws {
        let roomID = try #require(RoomID(Self.room))
        _ = try await api.rooms.intern(roomID, shard: 0, version: "12", now: 1)
    }

    @Test(arguments: ["", "/rooms/\(room)"]) func isStoredAndReadBack(_ scope: String) async throws {
        try await AccountAPI.with { api in
            try await makeRoom(api)
            let session = try await api.register("alice")
            let path = "/user/\(session.userID)\(scope)/account_data/org.example%2Fx"
            #expect(await api.ask(.get, path, as: session).errcode == "M_NOT_FOUND")
            let content: JSONValue = ["text": "\u{0}é\"", "number": 1.5, "list": [.null, [:]]]
            #expect(await api.ask(.put, path, content, as: session).body == [:])
            #expect(await api.ask(.get, path, as: session).body == content)
            #expect(await api.ask(.put, path, [:], as: session).status == 200)
            let empty = await api.ask(.get, path, as: session)
            #expect(empty.status == 200 && empty.body == [:])
            let unstable = "/_matrix/client/unstable/org.matrix.msc3391" + path
            #expect(await api.ask(.delete, unstable, as: session).status == 200)
            #expect(await api.ask(.get, path, as: session).status == 404)
        }
    }

    @Test(arguments: ["", "/rooms/\(room)"]) func belongsToItsUser(_ scope: String) async throws {
        try await AccountAPI.with { api in
            try await makeRoom(api)
            _ = try await api.register("alice")
            let bob = try await api.register("bob")
            let path = "/user/@alice:example.org\(scope)/account_data/m.x"
            #expect(await api.ask(.put, path, [:], as: bob).errcode == "M_FORBIDDEN")
            #expect(await api.ask(.get, path, as: bob).errcode == "M_FORBIDDEN")
            #expect(await api.ask(.get, path).errcode == "M_MISSING_TOKEN")
        }
    }

    @Test(arguments: [
        ("/account_data/m.fully_read", "{}", 405, "M_BAD_JSON"),
        ("/account_data/m.push_rules", "{}", 405, "M_BAD_JSON"),
        ("/rooms/!room:example.org/account_data/m.fully_read", "{}", 405, "M_BAD_JSON"),
        ("/account_data/m.x", "[]", 400, "M_BAD_JSON"), ("/account_data/m.x", "", 400, "M_NOT_JSON"),
        ("/account_data/m.x", "{\"a\":\"\u{1}\"}", 400, "M_NOT_JSON"),
        ("/rooms/room/account_data/m.x", "{}", 400, "M_INVALID_PARAM"),
        ("/rooms/!unknown:example.org/account_data/m.x", "{}", 404, "M_NOT_FOUND"),
        ("/account_data/" + String(repeating: "x", count: 256), "{}", 400, "M_INVALID_PARAM"),
    ])
    func refusesBadInput(_ path: String, _ body: String, _ status: Int, _ errcode: String) async throws {
        try await AccountAPI.with { api in
            try await makeRoom(api)
            let session = try await api.register("alice")
            let answer = await api.ask(.put, "/user/\(session.userID)\(path)", text: body, as: session)
            #expect(answer.status == status && answer.errcode == errcode)
        }
    }

    @Test func tagsAreAccountDataOfTheRoom() async throws {
        try await AccountAPI.with { api in
            try await makeRoom(api)
            let session = try await api.register("alice")
            let bob = try await api.register("bob")
            let path = "/user/\(session.userID)/rooms/\(Self.room)/tags"
            #expect(await api.ask(.get, path, as: session).body == ["tags": [:]])
            #expect(await api.ask(.put, "\(path)/u.Work", ["order": 0.7, "x": 1], as: session).body == [:])
            #expect(await api.ask(.put, "\(path)/m.favourite", [:], as: session).status == 200)
            let tags: JSONValue = ["tags": ["u.Work": ["order": 0.7, "x": 1], "m.favourite": [:]]]
            #expect(await api.ask(.get, path, as: session).body == tags)
            let data = "/user/\(session.userID)/rooms/\(Self.room)/account_data/m.tag"
            #expect(await api.ask(.get, data, as: session).body == tags)
            #expect(await api.ask(.delete, "\(path)/u.Work", as: session).body == [:])
            #expect(await api.ask(.get, path, as: session).body == ["tags": ["m.favourite": [:]]])
            #expect(await api.ask(.put, "\(path)/u.x", ["order": "1"], as: session).errcode == "M_BAD_JSON")
            let long = String(repeating: "x", count: 256)
            #expect(await api.ask(.put, "\(path)/\(long)", [:], as: session).errcode == "M_INVALID_PARAM")
            for method in [true, false] {
                let answer = await api.ask(method ? .put : .delete, "\(path)/u.x", [:], as: bob)
                #expect(answer.errcode == "M_FORBIDDEN")
            }
            #expect(await api.ask(.get, path, as: bob).errcode == "M_FORBIDDEN")
        }
    }
}
