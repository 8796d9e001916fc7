import ApusTesting
import Encryption
import EndpointsTesting
import FederationEndpoints
import HTTPAPI
import HTTPTypes
import MatrixCore
import RoomsTesting
import Storage
import Telemetry
import Testing

@Suite struct FederatedKeyTests {
    /// The endpoints about keys, as another server meets them, and a user with a device and cross-signing keys.
    private struct API {
        let router: Router
        let device: KeyedDevice
        let signer: CrossSigner

        func ask(_ path: String, _ body: JSONValue, signed: Bool = true) async -> EndpointAnswer {
            await router.ask(
                .post, "/_matrix/federation/v1/user/keys/\(path)", body,
                headers: signed ? [.authorization: "X-Matrix"] : [:])
        }
    }

    private func with(namesDevices: Bool = true, _ body: (API) async throws -> Void) async throws {
        try await RoomsWorker.with { worker in
            let (store, interning, clock) = (
                DeviceKeyStore(pool: worker.pool), worker.interning, worker.telemetry.clock
            )
            let user = try await interning.user(UserID("@alice:example.org")!)
            _ = try await AccountStore(pool: worker.pool).create(
                NewAccount(user: user, passwordHash: nil), oldestSession: 0, now: 1)
            let tokens = NewTokens(access: TokenHash(of: "a"), accessExpiresMilliseconds: nil, refresh: nil)
            _ = try await DeviceStore(pool: worker.pool).open(
                DeviceOpening(
                    user: user, deviceID: "PHONE", displayName: "My phone", address: "", tokens: tokens,
                    verifiedHash: nil), now: 1)
            let device = try KeyedDevice(user.userID.description, "PHONE", seed: 1)
            let signer = try CrossSigner(user.userID.description, seed: 10)
            let (keys, oneTime) = (
                try JSONDocument(parsing: device.deviceKeys().canonicalBytes).root,
                try JSONDocument(parsing: device.oneTimeKeys(0..<1).canonicalBytes).root.object
            )
            _ = try await KeyUploads(store: store, interning: interning, feed: worker.feed, clock: clock).upload(
                UncheckedKeys(deviceKeys: keys, oneTimeKeys: oneTime), of: user.nid, deviceID: "PHONE")
            let upload = try JSONDocument(parsing: signer.upload().canonicalBytes).root
            _ = try await CrossSigningUploads(
                keys: store, store: CrossSigningStore(pool: worker.pool), interning: interning, feed: worker.feed,
                clock: clock
            ).set(
                UncheckedCrossSigningKeys(
                    masterKey: upload["master_key"], selfSigningKey: upload["self_signing_key"],
                    userSigningKey: upload["user_signing_key"]), of: user.nid, isAuthorised: false)
            let services = FederatedKeyServices(
                queries: KeyQueries(
                    serverName: worker.serverName, store: store, interning: interning, remote: nil, followed: nil,
                    clock: clock),
                claims: KeyClaims(
                    serverName: worker.serverName, store: store, interning: interning, feed: worker.feed, remote: nil,
                    clock: clock), namesDevices: namesDevices)
            let signature = AnySignature(of: ServerName("theirs.example")!, to: worker.serverName)
            let environment = EndpointEnvironment(authenticators: Authenticators(servers: signature))
            let endpoints = ServedEndpoint.all(FederatedKeyEndpoints.all, with: services, in: environment)
            try await body(
                API(router: try Router(endpoints, telemetry: worker.telemetry), device: device, signer: signer))
        }
    }

    @Test(arguments: [true, false]) func keysOfOurUsersAreTold(_ namesDevices: Bool) async throws {
        try await with(namesDevices: namesDevices) { api in
            let answer = await api.ask("query", ["device_keys": ["@alice:example.org": []]])
            var device = try api.device.deviceKeys()
            device["unsigned"] = namesDevices ? ["device_display_name": "My phone"] : [:]
            #expect(answer.status == 200)
            #expect(answer.body["device_keys"] == ["@alice:example.org": ["PHONE": device]])
            #expect(answer.body["master_keys"] == ["@alice:example.org": api.signer.masterKey()])
            #expect(answer.body["self_signing_keys"] == ["@alice:example.org": try api.signer.selfSigningKey()])
            #expect(answer.body["user_signing_keys"]?.object?.isEmpty ?? true)
            let some = await api.ask("query", ["device_keys": ["@alice:example.org": ["OTHER"]]])
            #expect(some.body["device_keys"] == ["@alice:example.org": [:]])
        }
    }

    @Test func nobodyIsToldOfUsersOfOtherServers() async throws {
        try await with { api in
            let answer = await api.ask("query", ["device_keys": ["@alice:example.org": [], "@bob:other.example": []]])
            #expect(answer.status == 400 && answer.body["errcode"] == "M_INVALID_PARAM")
            let claimed = await api.ask("claim", ["one_time_keys": ["@bob:other.example": ["D": "signed_curve25519"]]])
            #expect(claimed.status == 200 && claimed.body == ["one_time_keys": [:]])
        }
    }

    @Test func keysAreClaimedOnce() async throws {
        try await with { api in
            let wish: JSONValue = ["one_time_keys": ["@alice:example.org": ["PHONE": "signed_curve25519"]]]
            let key = try api.device.oneTimeKey(0)
            let first = await api.ask("claim", wish)
            #expect(first.body["one_time_keys"]?["@alice:example.org"] == ["PHONE": ["signed_curve25519:K0": key]])
            #expect(await api.ask("claim", wish).body == ["one_time_keys": [:]])
        }
    }

    @Test func badRequestsAreRefused() async throws {
        try await with { api in
            for (path, name) in [("query", "device_keys"), ("claim", "one_time_keys")] {
                #expect(await api.ask(path, [:]).body["errcode"] == "M_MISSING_PARAM")
                #expect(await api.ask(path, .object([name: 5])).body["errcode"] == "M_BAD_JSON")
                #expect(await api.ask(path, .object([name: ["@a:example.org": 5]])).body["errcode"] == "M_BAD_JSON")
                #expect(await api.ask(path, .object([name: [:]]), signed: false).status == 401)
            }
        }
    }
}
