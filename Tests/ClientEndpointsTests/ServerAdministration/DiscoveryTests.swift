import Accounts
import ClientEndpoints
import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

@Suite struct DiscoveryTests {
    @Test func tellsItsVersions() async throws {
        try await AccountAPI.with { api in
            let answer = await api.ask(.get, "/_matrix/client/versions")
            #expect(answer.status == 200)
            let versions = try #require(answer["versions"]?.array)
            #expect(versions.contains("r0.6.1") && versions.contains("v1.1"))
            #expect(answer["unstable_features"]?.object?.values.allSatisfy { $0.bool != nil } == true)
        }
    }

    @Test(arguments: [
        ("https://matrix.example.org/", "matrix.example.org:443"),
        ("https://matrix.example.org", "matrix.example.org:443"),
        ("http://localhost:8008/", "localhost:8008"), ("http://localhost/x", "localhost:80"),
        ("https://[::1]/", "[::1]:443"), ("https://[::1]:8448/", "[::1]:8448"),
    ])
    func tellsWhereItIs(_ url: String, _ address: String) async throws {
        try await AccountAPI.with(publicBaseURL: url) { api in
            let client = await api.ask(.get, "/.well-known/matrix/client")
            #expect(client.body == ["m.homeserver": ["base_url": .string(url)]])
            #expect(await api.ask(.get, "/.well-known/matrix/server").body == ["m.server": .string(address)])
        }
    }

    @Test func saysNothingThatItDoesNotKnow() async throws {
        try await AccountAPI.with(publicBaseURL: nil) { api in
            for path in ["/.well-known/matrix/client", "/.well-known/matrix/server"] {
                #expect(await api.ask(.get, path).status == 404)
            }
        }
    }

    @Test func administratorsLockAndSuspend() async throws {
        try await AccountAPI.with { api in
            _ = try await api.services.registration.makeAccount("root", password: "x", isAdministrator: true)
            let login: JSONValue = ["type": "m.login.password", "user": "root", "password": "x"]
            let root = try #require(AccountAPI.Session(await api.ask(.post, "/login", login)))
            let alice = try await api.register("alice")
            for (verb, state) in [("suspend", "suspended"), ("lock", "locked")] {
                let path = "/_matrix/client/v1/admin/\(verb)/"
                #expect(await api.ask(.get, path + alice.userID, as: root).body == .object([state: false]))
                #expect(
                    await api.ask(.put, path + alice.userID, [state: true], as: root).body == .object([state: true]))
                #expect(await api.ask(.get, path + alice.userID, as: root).body == .object([state: true]))
                #expect(await api.ask(.put, path + root.userID, [state: true], as: root).errcode == "M_FORBIDDEN")
                #expect(await api.ask(.get, path + "@x:elsewhere.org", as: root).errcode == "M_INVALID_PARAM")
                #expect(await api.ask(.get, path + "@x:example.org", as: root).errcode == "M_NOT_FOUND")
                #expect(await api.ask(.put, path + alice.userID, [:], as: root).errcode == "M_MISSING_PARAM")
            }
            let locked = await api.ask(.get, "/account/whoami", as: alice)
            #expect(locked.status == 401 && locked.errcode == "M_USER_LOCKED" && locked["soft_logout"] == true)
            #expect(await api.ask(.post, "/logout", as: alice).status == 200)
            let bob = try await api.register("bob")
            #expect(await api.ask(.get, "/_matrix/client/v1/admin/lock/\(alice.userID)", as: bob).status == 403)
        }
    }

    @Test func tellsWhatOneCanDo() async throws {
        try await AccountAPI.with { api in
            let session = try await api.register("alice")
            #expect(await api.ask(.get, "/capabilities").errcode == "M_MISSING_TOKEN")
            let capabilities = try #require(await api.ask(.get, "/capabilities", as: session)["capabilities"])
            #expect(capabilities["m.change_password"] == ["enabled": true])
            #expect(capabilities["m.profile_fields"] == ["enabled": true])
            let versions = try #require(capabilities["m.room_versions"])
            #expect(versions["default"] == "12")
            #expect(versions["available"]?["12"] == "stable" && versions["available"]?["10"] == "stable")
            #expect(capabilities["m.account_moderation"] == nil)
        }
    }
}
