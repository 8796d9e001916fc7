import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

@Suite struct ChangePasswordTests {
    @Test func needsTheOldPassword() async throws {
        try await AccountAPI.with { api in
            let session = try await api.register("alice")
            var request: JSONValue = ["new_password": "another"]
            let challenge = await api.ask(.post, "/account/password", request, as: session)
            #expect(challenge.status == 401 && challenge["flows"] == [["stages": ["m.login.password"]]])
            request["auth"] = AccountAPI.auth("alice", "wrong", session: try #require(challenge["session"]?.string))
            let wrong = await api.ask(.post, "/account/password", request, as: session)
            #expect(wrong.status == 401 && wrong.errcode == "M_FORBIDDEN")
            request["auth"] = AccountAPI.auth("alice", session: try #require(challenge["session"]?.string))
            #expect(await api.ask(.post, "/account/password", request, as: session).status == 200)
            #expect(await api.ask(.get, "/account/whoami", as: session).status == 200)
            var login: JSONValue = ["type": "m.login.password", "user": "alice", "password": "correct horse"]
            #expect(await api.ask(.post, "/login", login).status == 403)
            login["password"] = "another"
            #expect(await api.ask(.post, "/login", login).status == 200)
        }
    }

    @Test func needsAnAccessTokenAndANewPassword() async throws {
        try await AccountAPI.with { api in
            let session = try await api.register("alice")
            let request: JSONValue = ["new_password": "another", "auth": AccountAPI.auth("alice")]
            #expect(await api.ask(.post, "/account/password", request).errcode == "M_MISSING_TOKEN")
            #expect(await api.ask(.post, "/account/password", [:], as: session).errcode == "M_MISSING_PARAM")
            let empty: JSONValue = ["new_password": "", "auth": AccountAPI.auth("alice")]
            #expect(await api.ask(.post, "/account/password", empty, as: session).errcode == "M_WEAK_PASSWORD")
        }
    }

    @Test func anAccountIsDeactivatedByItsOwner() async throws {
        try await AccountAPI.with { api in
            let session = try await api.register("alice")
            let other = try await api.register("bob")
            let wrong = await api.ask(
                .post, "/account/deactivate", ["auth": AccountAPI.auth("alice", "wrong")], as: session)
            #expect(wrong.status == 401 && wrong.errcode == "M_FORBIDDEN")
            let foreign = await api.ask(
                .post, "/account/deactivate", ["auth": AccountAPI.auth("alice")], as: other)
            #expect(foreign.status == 403)
            let answer = await api.ask(
                .post, "/account/deactivate", ["auth": AccountAPI.auth("@alice:example.org")], as: session)
            #expect(answer.status == 200 && answer.body == ["id_server_unbind_result": "success"])
            #expect(await api.ask(.get, "/account/whoami", as: session).errcode == "M_UNKNOWN_TOKEN")
            #expect(await api.ask(.get, "/profile/@alice:example.org").status == 404)
            #expect(await api.ask(.get, "/register/available?username=alice").errcode == "M_USER_IN_USE")
        }
    }
}
