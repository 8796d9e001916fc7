import EndpointsTesting
import HTTPTypes
import MatrixCore
import Telemetry
import Testing

@Suite struct CreateRegistrationTokenTests {
    @Test func administratorsMakeTokens() async throws {
        try await AdminAPI.with { api in
            let root = try await api.logIn("root", isAdministrator: true)
            let later = api.clock.nowMilliseconds + 1000
            let given = await make(
                ["token": "invite.2", "uses_allowed": 2, "expiry_time": .integer(later)], by: root, api)
            #expect(given.status == 200)
            #expect(
                given.body == [
                    "token": "invite.2", "uses_allowed": 2, "pending": 0, "completed": 0,
                    "expiry_time": .integer(later),
                ])
            let chosen = await make([:], by: root, api)
            #expect(chosen.body["token"]?.string?.utf8.count == 16)
            #expect(chosen.body["uses_allowed"] == .null && chosen.body["expiry_time"] == .null)
            #expect(await make(["length": 64], by: root, api).body["token"]?.string?.utf8.count == 64)
            #expect(await make(["token": "invite.2"], by: root, api).body["errcode"] == "M_INVALID_PARAM")
        }
    }

    @Test func refusesWhatCannotBe() async throws {
        try await AdminAPI.with { api in
            let root = try await api.logIn("root", isAdministrator: true)
            let wrong: [JSONValue] = [
                ["token": "a b"], ["token": ""], ["token": .string(String(repeating: "a", count: 65))],
                ["length": 0], ["length": 65], ["uses_allowed": -1], ["uses_allowed": .integer(1 << 40)],
                ["expiry_time": .integer(api.clock.nowMilliseconds)],
            ]
            for request in wrong {
                let answer = await make(request, by: root, api)
                #expect(answer.status == 400 && answer.body["errcode"] == "M_INVALID_PARAM", "\(request)")
            }
            #expect(await make(["token": 1], by: root, api).body["errcode"] == "M_BAD_JSON")
        }
    }

    @Test func nobodyElseMakesAny() async throws {
        try await AdminAPI.with { api in
            let alice = try await api.logIn("alice")
            #expect(await make([:], by: alice, api).status == 403)
            #expect(await make([:], by: nil, api).status == 401)
        }
    }

    private func make(_ body: JSONValue, by token: String?, _ api: AdminAPI) async -> EndpointAnswer {
        await api.router.ask(.post, "/_synapse/admin/v1/registration_tokens/new", body, token: token)
    }
}
