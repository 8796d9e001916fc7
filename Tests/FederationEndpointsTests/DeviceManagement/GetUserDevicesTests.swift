import ApusTesting
import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

/// All devices of a user, as other servers ask for them.
@Suite struct GetUserDevicesTests {
    private static let place = "/_matrix/federation/v1/user/devices/"

    @Test func devicesWithKeysAreTold() async throws {
        try await QueryAPI.with { api in
            let alice = try await api.user("alice")
            #expect(
                await api.ask(.get, Self.place + "@alice:example.org").body
                    == ["user_id": "@alice:example.org", "stream_id": 0, "devices": []])
            let phone = try await api.device("PHONE", of: alice, seed: 1, named: "my phone")
            _ = try await api.device("BARE", of: alice, seed: 2, hasKeys: false)
            let signer = try await api.crossSign(alice, seed: 20)
            let answer = await api.ask(.get, Self.place + "@alice:example.org")
            #expect(answer.status == 200)
            #expect(answer["user_id"] == "@alice:example.org")
            #expect((answer["stream_id"]?.int ?? 0) > 0)
            #expect(
                answer["devices"] == [
                    ["device_id": "PHONE", "keys": try phone.deviceKeys(), "device_display_name": "my phone"]
                ])
            #expect(answer["master_key"] == signer.masterKey())
            #expect(answer["self_signing_key"] == (try signer.selfSigningKey()))
            #expect(answer["user_signing_key"] == nil, "nobody's business")
            let before = answer["stream_id"]?.int ?? 0
            _ = try await api.device("OTHER", of: alice, seed: 3)
            let more = await api.ask(.get, Self.place + "@alice:example.org")
            #expect((more["stream_id"]?.int ?? 0) > before && more["devices"]?.array?.count == 2)
        }
    }

    @Test func namesAreToldOnlyWhereTheOperatorWantsIt() async throws {
        try await QueryAPI.with(namesDevices: false) { api in
            let alice = try await api.user("alice")
            let phone = try await api.device("PHONE", of: alice, seed: 1, named: "my phone")
            #expect(
                await api.ask(.get, Self.place + "@alice:example.org")["devices"]
                    == [["device_id": "PHONE", "keys": try phone.deviceKeys()]])
        }
    }

    @Test func othersAreNotOurs() async throws {
        try await QueryAPI.with { api in
            let elsewhere = await api.ask(.get, Self.place + "@bob:other.example")
            #expect(elsewhere.status == 400 && elsewhere.errcode == "M_INVALID_PARAM")
            let malformed = await api.ask(.get, Self.place + "alice")
            #expect(malformed.status == 400 && malformed.errcode == "M_INVALID_PARAM")
            // Whether there is such a user is not told.
            let nobody = await api.ask(.get, Self.place + "@nobody:example.org")
            #expect(nobody.status == 200 && nobody["devices"] == [])
            #expect(await api.ask(.get, Self.place + "@alice:example.org", signed: false).status == 401)
        }
    }
}
