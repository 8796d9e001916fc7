import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

@Suite struct LoginTests {
    @Test func offersThePassword() async throws {
        try await AccountAPI.with { api in
            let answer = await api.ask(.get, "/login")
            #expect(answer.status == 200)
            #expect(answer["flows"] == [["type": "m.login.password"]])
        }
    }

    @Test(arguments: [
        #"{"type":"m.login.password","identifier":{"type":"m.id.user","user":"alice"},"password":"correct horse"}"#,
        #"{"type":"m.login.password","user":"@alice:example.org","password":"correct horse"}"#,
    ])
    func answersWithATokenOfTheUser(_ body: String) async throws {
        try await AccountAPI.with { api in
            _ = try await api.register("alice")
            let answer = await api.ask(.post, "/login", text: body)
            let session = try #require(AccountAPI.Session(answer))
            #expect(session.userID == "@alice:example.org" && session.refreshToken == nil)
            #expect(answer["well_known"] == ["m.homeserver": ["base_url": "https://matrix.example.org/"]])
            #expect(answer["home_server"]?.string == "example.org")
            #expect(answer["expires_in_ms"] == nil)
            let owner = await api.ask(.get, "/account/whoami", as: session)
            #expect(
                owner.body == [
                    "user_id": "@alice:example.org", "device_id": .string(session.deviceID), "is_guest": false,
                ])
        }
    }

    @Test(arguments: [
        (#"{}"#, 400, "M_MISSING_PARAM"), (#""#, 400, "M_MISSING_PARAM"), (#"[]"#, 400, "M_BAD_JSON"),
        (#"{"type":1}"#, 400, "M_BAD_JSON"), (#"{"type":"m.login.magic"}"#, 400, "M_UNKNOWN"),
        (#"{"type":"m.login.password","password":"x"}"#, 400, "M_MISSING_PARAM"),
        (#"{"type":"m.login.password","user":"alice"}"#, 400, "M_MISSING_PARAM"),
        (#"{"type":"m.login.password","user":1,"password":"x"}"#, 400, "M_BAD_JSON"),
        (#"{"type":"m.login.password","identifier":"alice","password":"x"}"#, 400, "M_BAD_JSON"),
        (#"{"type":"m.login.password","identifier":{"user":"alice"},"password":"x"}"#, 400, "M_MISSING_PARAM"),
        (#"{"type":"m.login.password","identifier":{"type":"m.id.magic"},"password":"x"}"#, 400, "M_UNKNOWN"),
        (#"{"type":"m.login.password","identifier":{"type":"m.id.phone"},"password":"x"}"#, 403, "M_FORBIDDEN"),
        (#"{"type":"m.login.password","medium":"email","address":"a@b.c","password":"x"}"#, 403, "M_FORBIDDEN"),
        (#"{"type":"m.login.password","user":"alice","password":"x","device_id":""}"#, 400, "M_INVALID_PARAM"),
        (#"{"type":"m.login.password","user":"alice","password":"x","device_id":"a\u0000"}"#, 400, "M_INVALID_PARAM"),
        (
            #"{"type":"m.login.password","user":"alice","password":"x","initial_device_display_name":"\u0000"}"#, 400,
            "M_INVALID_PARAM"
        ),
        (#"{"type":"m.login.password","user":"alice","password":"\ud800"}"#, 400, "M_NOT_JSON"),
        (#"{"type":"m.login.password","user":"alice","password":"x","refresh_token":"yes"}"#, 400, "M_BAD_JSON"),
    ])
    func refusesBadInput(_ body: String, _ status: Int, _ errcode: String) async throws {
        try await AccountAPI.with { api in
            _ = try await api.register("alice")
            let answer = await api.ask(.post, "/login", text: body)
            #expect(answer.status == status && answer.errcode == errcode)
        }
    }

    @Test func aTokenMayComeInTheQueryAndOldPathsWork() async throws {
        try await AccountAPI.with { api in
            let session = try await api.register("alice")
            for version in ["r0", "v3"] {
                let answer = await api.ask(
                    .get, "/_matrix/client/\(version)/account/whoami?access_token=\(session.token)")
                #expect(answer["user_id"]?.string == session.userID)
            }
            #expect(await api.ask(.get, "/account/whoami").errcode == "M_MISSING_TOKEN")
            #expect(await api.ask(.get, "/account/whoami?access_token=x").errcode == "M_UNKNOWN_TOKEN")
        }
    }

    @Test func aRefreshTokenIsExchanged() async throws {
        try await AccountAPI.with { api in
            let session = try await api.register("alice", ["refresh_token": true])
            let token = try #require(session.refreshToken)
            let answer = await api.ask(.post, "/refresh", ["refresh_token": .string(token)])
            #expect(answer.status == 200)
            #expect(answer["access_token"]?.string?.hasPrefix("apus_") == true)
            #expect(answer["refresh_token"]?.string != token)
            #expect(answer["expires_in_ms"]?.int == 3_600_000)
            #expect(await api.ask(.post, "/refresh", [:]).errcode == "M_MISSING_PARAM")
            let unknown = await api.ask(.post, "/refresh", ["refresh_token": "x"])
            #expect(unknown.status == 401 && unknown.errcode == "M_UNKNOWN_TOKEN")
        }
    }

    @Test func logoutsEndOneDeviceOrAll() async throws {
        try await AccountAPI.with { api in
            let first = try await api.register("alice")
            let login: JSONValue = ["type": "m.login.password", "user": "alice", "password": "correct horse"]
            let second = try #require(AccountAPI.Session(await api.ask(.post, "/login", login)))
            let third = try #require(AccountAPI.Session(await api.ask(.post, "/login", login)))
            let out = await api.ask(.post, "/logout", as: first)
            #expect(out.status == 200 && out.body == [:])
            #expect(await api.ask(.post, "/logout", as: first).errcode == "M_UNKNOWN_TOKEN")
            #expect(await api.ask(.get, "/devices", as: second)["devices"]?.array?.count == 2)
            #expect(await api.ask(.post, "/logout/all", as: second).status == 200)
            for session in [second, third] {
                #expect(await api.ask(.get, "/devices", as: session).errcode == "M_UNKNOWN_TOKEN")
            }
        }
    }
}
