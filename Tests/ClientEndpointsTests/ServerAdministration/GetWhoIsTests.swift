import Accounts
import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

@Suite struct GetWhoIsTests {
    private static let path = "/admin/whois/"

    @Test func usersSeeWhereTheyWereSeen() async throws {
        try await AccountAPI.with { api in
            let alice = try await api.register("alice", ["device_id": "PHONE"])
            let answer = await api.ask(.get, Self.path + alice.userID, as: alice)
            #expect(answer.status == 200 && answer["user_id"]?.string == alice.userID)
            let devices = try #require(answer["devices"]?.object)
            #expect(Array(devices.keys) == ["PHONE"])
            let connection = try #require(devices["PHONE"]?["sessions"]?.array?.first?["connections"]?.array?.first)
            #expect(connection["ip"] == "192.0.2.1" && connection["last_seen"]?.int != nil)
        }
    }

    @Test func othersMustBeAdministrators() async throws {
        try await AccountAPI.with { api in
            _ = try await api.services.registration.makeAccount("root", password: "x", isAdministrator: true)
            let login: JSONValue = ["type": "m.login.password", "user": "root", "password": "x"]
            let root = try #require(AccountAPI.Session(await api.ask(.post, "/login", login)))
            let alice = try await api.register("alice", ["device_id": "PHONE"])
            let bob = try await api.register("bob")
            let seen = await api.ask(.get, Self.path + alice.userID, as: root)
            #expect(seen["devices"]?["PHONE"] != nil)
            // Who may not ask is not told who there is.
            for user in [alice.userID, "@nobody:example.org", "@x:elsewhere.org"] {
                let answer = await api.ask(.get, Self.path + user, as: bob)
                #expect(answer.status == 403 && answer.errcode == "M_FORBIDDEN")
            }
            #expect(await api.ask(.get, Self.path + "@nobody:example.org", as: root).errcode == "M_NOT_FOUND")
            #expect(await api.ask(.get, Self.path + "@x:elsewhere.org", as: root).errcode == "M_INVALID_PARAM")
            #expect(await api.ask(.get, Self.path + "nobody", as: root).errcode == "M_INVALID_PARAM")
            #expect(await api.ask(.get, Self.path + alice.userID).errcode == "M_MISSING_TOKEN")
        }
    }
}
