import Accounts
import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

/// A guest who registers stays who they are, and is a guest no more.
@Suite struct GuestUpgradeTests {
    private func guest(_ api: AccountAPI) async throws -> (session: AccountAPI.Session, name: String) {
        let session = try #require(AccountAPI.Session(await api.ask(.post, "/register?kind=guest", [:])))
        let user = try #require(UserID(session.userID))
        return (session, user.localpart)
    }

    private func registration(of name: String, by token: String) -> JSONValue {
        ["username": .string(name), "password": "SIR_Arthur_David", "guest_access_token": .string(token)]
    }

    @Test func aGuestBecomesAUser() async throws {
        try await AccountAPI.with { api in
            let (guest, name) = try await guest(api)
            var request = registration(of: name, by: guest.token)
            let challenge = await api.ask(.post, "/register", request)
            #expect(challenge.status == 401 && challenge.errcode == nil, "\(challenge)")
            #expect(await api.ask(.get, "/account/whoami", as: guest)["is_guest"] == true)
            request["auth"] = ["type": "m.login.dummy", "session": try #require(challenge["session"])]
            let answer = await api.ask(.post, "/register", request)
            let user = try #require(AccountAPI.Session(answer), "\(answer)")
            #expect(user.userID == guest.userID)
            for session in [user, guest] {
                let identity = await api.ask(.get, "/account/whoami", as: session)
                #expect(identity.status == 200 && identity["is_guest"] != true, "\(identity)")
                #expect(await api.ask(.get, "/capabilities", as: session).status == 200)
            }
            let login = await api.ask(
                .post, "/login",
                [
                    "type": "m.login.password", "identifier": ["type": "m.id.user", "user": .string(name)],
                    "password": "SIR_Arthur_David",
                ])
            #expect(login.status == 200, "\(login)")
            // The answer may have been lost: it is the same account again. A second time there is no guest.
            #expect(AccountAPI.Session(await api.ask(.post, "/register", request))?.userID == guest.userID)
            request["auth"] = ["type": "m.login.dummy"]
            let again = await api.ask(.post, "/register", request)
            #expect(again.status == 403 && again.errcode == "M_FORBIDDEN", "\(again)")
        }
    }

    @Test func nobodyElsesAccountIsTaken() async throws {
        try await AccountAPI.with { api in
            let (one, name) = try await guest(api)
            let (two, _) = try await guest(api)
            let alice = try await api.register("alice")
            for (name, token) in [
                (name, two.token), (name, "nonsense"), (name, alice.token), ("alice", one.token),
                ("alice", alice.token), ("bob", one.token),
            ] {
                var request = registration(of: name, by: token)
                request["auth"] = ["type": "m.login.dummy"]
                let answer = await api.ask(.post, "/register", request)
                #expect(answer.status == 403 && answer.errcode == "M_FORBIDDEN", "\(name): \(answer)")
            }
            let nameless = await api.ask(
                .post, "/register",
                [
                    "password": "x", "guest_access_token": .string(one.token),
                    "auth": ["type": "m.login.dummy"],
                ])
            #expect(nameless.status == 400 && nameless.errcode == "M_MISSING_PARAM")
            let odd = await api.ask(.post, "/register", ["username": "x", "guest_access_token": 5])
            #expect(odd.errcode == "M_BAD_JSON")
            // Without the token the name is taken.
            let taken = await api.ask(.post, "/register", ["username": .string(name), "password": "x"])
            #expect(taken.errcode == "M_USER_IN_USE")
            #expect(await api.ask(.get, "/account/whoami", as: one)["is_guest"] == true)
        }
    }
}
