import Accounts
import EndpointsTesting
import HTTPTypes
import MatrixCore
import Storage
import Testing

@Suite struct RegisterTests {
    @Test func asksForADummyStageAndThenRegisters() async throws {
        try await AccountAPI.with { api in
            let request: JSONValue = ["username": "Alice", "password": "s3kr1t", "device_id": "PHONE"]
            let challenge = await api.ask(.post, "/register", request)
            #expect(challenge.status == 401 && challenge.errcode == nil)
            #expect(challenge["flows"] == [["stages": ["m.login.dummy"]]])
            #expect(challenge["params"] == [:] && challenge["completed"] == nil)
            var answered = request
            answered["auth"] = ["type": "m.login.dummy", "session": try #require(challenge["session"])]
            let answer = await api.ask(.post, "/register", answered)
            let session = try #require(AccountAPI.Session(answer))
            #expect(session.userID == "@alice:example.org" && session.deviceID == "PHONE")
            #expect(await api.ask(.get, "/profile/@alice:example.org")["displayname"]?.string == "alice")
        }
    }

    @Test func withoutALoginThereIsNoToken() async throws {
        try await AccountAPI.with { api in
            let answer = await api.ask(
                .post, "/register",
                [
                    "username": "alice", "password": "s3kr1t", "inhibit_login": true,
                    "auth": ["type": "m.login.dummy"],
                ])
            #expect(answer.status == 200)
            #expect(answer.body == ["user_id": "@alice:example.org", "home_server": "example.org"])
        }
    }

    @Test(arguments: [
        (#"{"username":1}"#, 400, "M_BAD_JSON"), (#"{"username":"a b"}"#, 400, "M_INVALID_USERNAME"),
        (#"{"username":"alice"}"#, 400, "M_USER_IN_USE"), (#"{"password":[]}"#, 400, "M_BAD_JSON"),
        (#"{"auth":"x"}"#, 400, "M_BAD_JSON"), (#"{"auth":{"type":1}}"#, 400, "M_BAD_JSON"),
        (#"{"auth":{"session":1}}"#, 400, "M_BAD_JSON"), (#"{"device_id":"\u0007"}"#, 400, "M_INVALID_PARAM"),
        (#"{"inhibit_login":"no"}"#, 400, "M_BAD_JSON"),
        (#"{"auth":{"type":"m.login.dummy"}}"#, 400, "M_MISSING_PARAM"),
        (#"{"#, 400, "M_NOT_JSON"), (#"null"#, 400, "M_BAD_JSON"),
    ])
    func refusesBadInput(_ body: String, _ status: Int, _ errcode: String) async throws {
        try await AccountAPI.with { api in
            _ = try await api.register("alice")
            let answer = await api.ask(.post, "/register", text: body)
            #expect(answer.status == status && answer.errcode == errcode)
        }
    }

    @Test func guestsRegisterWhereTheyMay() async throws {
        try await AccountAPI.with { api in
            let answer = await api.ask(.post, "/register?kind=guest", [:])
            let guest = try #require(AccountAPI.Session(answer))
            #expect(await api.ask(.get, "/account/whoami", as: guest)["is_guest"] == true)
            #expect(await api.ask(.get, "/devices", as: guest).status == 200)
            #expect(await api.ask(.get, "/capabilities", as: guest).errcode == "M_GUEST_ACCESS_FORBIDDEN")
            #expect(await api.ask(.post, "/register?kind=robot", [:]).errcode == "M_INVALID_PARAM")
        }
        try await AccountAPI.with(registration: RegistrationPolicy(isOpen: false)) { api in
            #expect(await api.ask(.post, "/register?kind=guest", [:]).status == 403)
            let answer = await api.ask(.post, "/register", [:])
            #expect(answer.status == 403 && answer.errcode == "M_FORBIDDEN")
        }
    }

    @Test func tellsWhichNamesAreFree() async throws {
        try await AccountAPI.with { api in
            _ = try await api.register("alice")
            #expect(await api.ask(.get, "/register/available?username=bob").body == ["available": true])
            #expect(await api.ask(.get, "/register/available?username=Alice").errcode == "M_USER_IN_USE")
            #expect(await api.ask(.get, "/register/available?username=a%20b").errcode == "M_INVALID_USERNAME")
            #expect(await api.ask(.get, "/register/available").errcode == "M_MISSING_PARAM")
        }
    }

    @Test func aRegistrationTokenIsAskedFor() async throws {
        let path = "/_matrix/client/v1/register/m.login.registration_token/validity?token="
        try await AccountAPI.with(registration: RegistrationPolicy(isOpen: false, requiresToken: true)) { api in
            _ = try await api.sessions.createRegistrationToken("invite", usesAllowed: 1, expiresMilliseconds: nil)
            #expect(await api.ask(.get, path + "invite").body == ["valid": true])
            #expect(await api.ask(.get, path + "other").body == ["valid": false])
            var request: JSONValue = ["username": "alice", "password": "s3kr1t"]
            let challenge = await api.ask(.post, "/register", request)
            #expect(challenge["flows"] == [["stages": ["m.login.registration_token"]]])
            let session = try #require(challenge["session"])
            request["auth"] = ["type": "m.login.registration_token", "token": "other", "session": session]
            let wrong = await api.ask(.post, "/register", request)
            #expect(wrong.status == 401 && wrong.errcode == "M_UNAUTHORIZED" && wrong["session"] == session)
            request["auth"] = ["type": "m.login.registration_token", "token": "invite", "session": session]
            #expect(await api.ask(.post, "/register", request).status == 200)
            #expect(await api.ask(.get, path + "invite").body == ["valid": false])
        }
        try await AccountAPI.with { api in #expect(await api.ask(.get, path + "x").body == ["valid": false]) }
        try await AccountAPI.with(registration: RegistrationPolicy(isOpen: false)) { api in
            #expect(await api.ask(.get, path + "x").errcode == "M_FORBIDDEN")
        }
    }
}
