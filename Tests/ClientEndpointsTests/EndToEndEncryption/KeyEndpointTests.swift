import ApusTesting
import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

@Suite struct KeyEndpointTests {
    private func phone(_ session: AccountAPI.Session, seed: UInt8 = 1) throws -> KeyedDevice {
        try KeyedDevice(session.userID, session.deviceID, seed: seed)
    }

    @Test func keysArePublishedQueriedAndClaimed() async throws {
        try await AccountAPI.with { api in
            let (alice, bob) = (try await api.register("alice"), try await api.register("bob"))
            let phone = try phone(alice)
            let uploaded = await api.ask(
                .post, "/keys/upload",
                [
                    "device_keys": try phone.deviceKeys(), "one_time_keys": try phone.oneTimeKeys(0..<2),
                    "fallback_keys": ["signed_curve25519:F": try phone.oneTimeKey(9, isFallback: true)],
                ], as: alice)
            #expect(uploaded.status == 200 && uploaded.body == ["one_time_key_counts": ["signed_curve25519": 2]])
            let query: JSONValue = [
                "device_keys": .object([alice.userID: [], "@nobody:example.org": [], "rubbish": []])
            ]
            let queried = await api.ask(.post, "/keys/query", query, as: bob)
            var device = try phone.deviceKeys()
            device["unsigned"] = [:]
            #expect(
                queried.body == [
                    "device_keys": .object([
                        alice.userID: .object([alice.deviceID: device]), "@nobody:example.org": [:],
                    ]), "failures": [:], "master_keys": [:], "self_signing_keys": [:], "user_signing_keys": [:],
                ])
            let wishes: JSONValue = [
                "one_time_keys": .object([alice.userID: .object([alice.deviceID: "signed_curve25519"])])
            ]
            for name in ["K0", "K1", "F"] {
                let key =
                    name == "F" ? try phone.oneTimeKey(9, isFallback: true) : try phone.oneTimeKey(name == "K0" ? 0 : 1)
                let claimed = await api.ask(.post, "/keys/claim", wishes, as: bob)
                let device = claimed["one_time_keys"]?[alice.userID]?[alice.deviceID]
                #expect(claimed.status == 200 && claimed["failures"] == [:])
                #expect(device?.object?.count == 1)
                // Keys of one upload may come in any order.
                let found =
                    device?["signed_curve25519:K0"] ?? device?["signed_curve25519:K1"] ?? device?["signed_curve25519:F"]
                #expect(name != "F" || found == key)
            }
            let counts = await api.ask(.post, "/keys/upload", [:], as: alice)
            #expect(counts.body == ["one_time_key_counts": ["signed_curve25519": 0]])
        }
    }

    @Test func badUploadsAreRefused() async throws {
        try await AccountAPI.with { api in
            let alice = try await api.register("alice")
            let phone = try phone(alice)
            let good = try phone.deviceKeys()
            func code(_ body: JSONValue) async -> (Int, String?) {
                let answer = await api.ask(.post, "/keys/upload", body, as: alice)
                return (answer.status, answer.errcode)
            }
            for (name, value) in [("user_id", "@bob:example.org"), ("device_id", "OTHER")] {
                var keys = phone.unsigned
                keys[name] = .string(value)
                #expect(await code(["device_keys": try phone.sign(keys)]) == (400, "M_BAD_JSON"))
            }
            #expect(
                await code(["device_keys": ["user_id": .string(alice.userID), "device_id": .string(alice.deviceID)]])
                    == (400, "M_BAD_JSON"))
            #expect(await code(["device_keys": 5]) == (400, "M_BAD_JSON"))
            #expect(await code(["device_keys": good, "one_time_keys": []]) == (400, "M_BAD_JSON"))
            var forged = good
            forged["algorithms"] = []
            #expect(await code(["device_keys": forged]) == (400, "M_INVALID_SIGNATURE"))
            #expect(
                await code(["device_keys": good, "one_time_keys": ["my_algorithm:x": "y"]]) == (400, "M_INVALID_PARAM"))
            #expect(
                await code(["device_keys": good, "one_time_keys": ["signed_curve25519": "y"]]) == (400, "M_BAD_JSON"))
            var large = phone.unsigned
            large["x"] = .string(String(repeating: "x", count: 200_000))
            #expect(await code(["device_keys": try phone.sign(large)]) == (413, "M_TOO_LARGE"))
            large["x"] = .string(String(repeating: "x", count: 1 << 20))
            #expect(await code(["device_keys": try phone.sign(large)]) == (413, "M_TOO_LARGE"))
            let query = await api.ask(.post, "/keys/query", ["device_keys": .object([alice.userID: []])], as: alice)
            #expect(query["device_keys"]?[alice.userID] == [:])
            #expect(await code(["device_keys": good, "one_time_keys": try phone.oneTimeKeys(0..<1)]) == (200, nil))
            #expect(
                await code(["one_time_keys": ["signed_curve25519:K0": try phone.oneTimeKey(7)]]) == (400, "M_UNKNOWN"))
        }
    }

    @Test func badQueriesAndClaimsAreRefused() async throws {
        try await AccountAPI.with { api in
            let alice = try await api.register("alice")
            for (path, name, bad) in [
                ("/keys/query", "device_keys", JSONValue.object(["@a:b": 5])),
                ("/keys/query", "device_keys", ["@a:b": [5]]),
                ("/keys/claim", "one_time_keys", ["@a:b": 5]), ("/keys/claim", "one_time_keys", ["@a:b": ["D": 5]]),
            ] {
                #expect(await api.ask(.post, path, [:], as: alice).errcode == "M_MISSING_PARAM")
                #expect(await api.ask(.post, path, .object([name: bad]), as: alice).errcode == "M_BAD_JSON")
                #expect(await api.ask(.post, path, .object([name: 5]), as: alice).errcode == "M_BAD_JSON")
                #expect(await api.ask(.post, path, .object([name: [:]])).errcode == "M_MISSING_TOKEN")
                #expect(await api.ask(.post, path, .object([name: [:]]), as: alice).status == 200)
            }
            // There is no federation here.
            let far = await api.ask(
                .post, "/keys/query", ["device_keys": ["@a:far.example": []], "timeout": 10], as: alice)
            #expect(far["failures"]?["far.example"]?["status"] == 503 && far["device_keys"] == [:])
        }
    }
}

private func == (left: (Int, String?), right: (Int, String?)) -> Bool { left.0 == right.0 && left.1 == right.1 }
