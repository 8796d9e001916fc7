import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

@Suite struct ProfileTests {
    @Test func fieldsAreSetReadAndDeleted() async throws {
        try await AccountAPI.with { api in
            let session = try await api.register("alice")
            let path = "/profile/@alice:example.org"
            let fields: [String: JSONValue] = [
                "displayname": "Alice 😀", "avatar_url": "mxc://example.org/a", "m.tz": "Europe/Rome",
                "org.example.job": ["title": .null, "since": 1.5], "org.example.none": .null,
            ]
            for (field, value) in fields {
                let answer = await api.ask(.put, "\(path)/\(field)", [field: value, "other": 1], as: session)
                #expect(answer.status == 200 && answer.body == [:])
                #expect(await api.ask(.get, "\(path)/\(field)").body == .object([field: value]))
            }
            #expect(await api.ask(.get, "/profile/%40alice%3Aexample.org").body == .object(fields))
            #expect(await api.ask(.delete, "\(path)/m.tz", as: session).status == 200)
            #expect(await api.ask(.delete, "\(path)/m.tz", as: session).status == 200)
            #expect(await api.ask(.get, "\(path)/m.tz").errcode == "M_NOT_FOUND")
        }
    }

    @Test(arguments: [
        ("/profile/@alice:example.org/displayname", #"{"name":"x"}"#, 400, "M_MISSING_PARAM"),
        ("/profile/@alice:example.org/displayname", #"{"displayname":1}"#, 400, "M_BAD_JSON"),
        ("/profile/@alice:example.org/displayname", #"{"displayname":null}"#, 400, "M_BAD_JSON"),
        ("/profile/@alice:example.org/avatar_url", #"{"avatar_url":"http://x"}"#, 400, "M_INVALID_PARAM"),
        ("/profile/@alice:example.org/Name", #"{"Name":"x"}"#, 400, "M_INVALID_PARAM"),
        ("/profile/@alice:example.org/displayname", "", 400, "M_NOT_JSON"),
        ("/profile/@alice:example.org/displayname", "{", 400, "M_NOT_JSON"),
        ("/profile/@bob:example.org/displayname", #"{"displayname":"x"}"#, 403, "M_FORBIDDEN"),
        ("/profile/@alice:elsewhere.org/displayname", #"{"displayname":"x"}"#, 403, "M_FORBIDDEN"),
        ("/profile/alice/displayname", #"{"displayname":"x"}"#, 400, "M_INVALID_PARAM"),
    ])
    func refusesBadInput(_ path: String, _ body: String, _ status: Int, _ errcode: String) async throws {
        try await AccountAPI.with { api in
            let session = try await api.register("alice")
            let answer = await api.ask(.put, path, text: body, as: session)
            #expect(answer.status == status && answer.errcode == errcode)
            #expect(await api.ask(.get, "/profile/@alice:example.org").body == ["displayname": "alice"])
        }
    }

    @Test func tooLargeIsRefusedByItsNames() async throws {
        try await AccountAPI.with { api in
            let session = try await api.register("alice")
            let long = String(repeating: "a", count: 256)
            let key = await api.ask(.put, "/profile/\(session.userID)/\(long)", [long: 1], as: session)
            #expect(key.status == 400 && key.errcode == "M_KEY_TOO_LARGE")
            let value = JSONValue.string(String(repeating: "x", count: 65_536))
            let profile = await api.ask(.put, "/profile/\(session.userID)/org.a", ["org.a": value], as: session)
            #expect(profile.status == 400 && profile.errcode == "M_PROFILE_TOO_LARGE")
        }
    }

    @Test(arguments: ["@nobody:example.org", "@nobody:elsewhere.org"]) func nobodyHasNoProfile(_ user: String)
        async throws
    {
        try await AccountAPI.with { api in
            for path in ["/profile/\(user)", "/profile/\(user)/displayname"] {
                let answer = await api.ask(.get, path)
                #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND")
            }
        }
    }
}
