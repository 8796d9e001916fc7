import ApusTesting
import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

@Suite struct CrossSigningEndpointTests {
    private let path = "/keys/device_signing/upload"

    @Test func replacingKeysTakesThePassword() async throws {
        try await AccountAPI.with { api in
            let alice = try await api.register("alice")
            let (first, second) = (try CrossSigner(alice.userID, seed: 10), try CrossSigner(alice.userID, seed: 20))
            for _ in 0..<2 { #expect(await api.ask(.post, path, try first.upload(), as: alice).status == 200) }
            var body = try second.upload()
            let challenge = await api.ask(.post, path, body, as: alice)
            #expect(challenge.status == 401 && challenge.errcode == nil)
            let session = try #require(challenge["session"]?.string)
            body["auth"] = AccountAPI.auth(alice.userID, "wrong", session: session)
            #expect(await api.ask(.post, path, body, as: alice).errcode == "M_FORBIDDEN")
            let query: JSONValue = ["device_keys": .object([alice.userID: []])]
            var shown = await api.ask(.post, "/keys/query", query, as: alice)
            #expect(shown["master_keys"] == .object([alice.userID: first.masterKey()]))
            body["auth"] = AccountAPI.auth(alice.userID, session: session)
            #expect(await api.ask(.post, path, body, as: alice).status == 200)
            shown = await api.ask(.post, "/keys/query", query, as: alice)
            #expect(shown["master_keys"] == .object([alice.userID: second.masterKey()]))
            #expect(shown["user_signing_keys"] == .object([alice.userID: try second.userSigningKey()]))
            // The session was good for once.
            body = try first.upload()
            body["auth"] = ["session": .string(session)]
            #expect(await api.ask(.post, path, body, as: alice).status == 401)
        }
    }

    @Test func badKeysAreRefused() async throws {
        try await AccountAPI.with { api in
            let alice = try await api.register("alice")
            let (mine, other) = (try CrossSigner(alice.userID, seed: 10), try CrossSigner(alice.userID, seed: 20))
            func code(_ body: JSONValue) async -> String? { await api.ask(.post, path, body, as: alice).errcode }
            #expect(await code([:]) == "M_MISSING_PARAM")
            #expect(await code(["self_signing_key": try mine.selfSigningKey()]) == "M_MISSING_PARAM")
            #expect(
                await code(["master_key": mine.masterKey(), "self_signing_key": try other.selfSigningKey()])
                    == "M_INVALID_SIGNATURE")
            #expect(
                await code(["master_key": try CrossSigner("@bob:example.org", seed: 1).masterKey()])
                    == "M_INVALID_PARAM")
            #expect(await code(["master_key": 5]) == "M_BAD_JSON")
            let named = await api.ask(
                .post, "/login",
                [
                    "type": "m.login.password", "identifier": ["type": "m.id.user", "user": "alice"],
                    "password": .string(AccountAPI.password), "device_id": .string(mine.master.publicKey),
                ])
            #expect(named.status == 200)
            let answer = await api.ask(.post, path, try mine.upload(), as: alice)
            #expect(answer.status == 403 && answer.errcode == "M_FORBIDDEN")
            #expect(await api.ask(.post, path, try mine.upload()).errcode == "M_MISSING_TOKEN")
        }
    }

    @Test func signaturesAreAddedAndFailuresNamed() async throws {
        try await AccountAPI.with { api in
            let (alice, bob) = (try await api.register("alice"), try await api.register("bob"))
            let phone = try KeyedDevice(alice.userID, alice.deviceID, seed: 1)
            let (mine, bobs) = (try CrossSigner(alice.userID, seed: 10), try CrossSigner(bob.userID, seed: 20))
            _ = await api.ask(.post, "/keys/upload", ["device_keys": try phone.deviceKeys()], as: alice)
            _ = await api.ask(.post, path, try mine.upload(), as: alice)
            _ = await api.ask(.post, path, try bobs.upload(), as: bob)
            let signedPhone = try mine.sign(phone.unsigned, with: mine.selfSigning)
            let signedBob = try mine.sign(bobs.masterKey(), with: mine.userSigning)
            let body: JSONValue = .object([
                alice.userID: .object([alice.deviceID: signedPhone, "NOWHERE": signedPhone]),
                bob.userID: .object([bobs.master.publicKey: signedBob]),
            ])
            let answer = await api.ask(.post, "/keys/signatures/upload", body, as: alice)
            #expect(answer.status == 200)
            #expect(answer["failures"]?[alice.userID]?.object?.keys.sorted() == ["NOWHERE"])
            #expect(answer["failures"]?[alice.userID]?["NOWHERE"]?["errcode"] == "M_NOT_FOUND")
            #expect(answer["failures"]?[bob.userID] == nil)
            let query: JSONValue = ["device_keys": .object([alice.userID: [], bob.userID: []])]
            let own = await api.ask(.post, "/keys/query", query, as: alice)
            #expect(own["master_keys"]?[bob.userID] == signedBob)
            let theirs = await api.ask(.post, "/keys/query", query, as: bob)
            #expect(theirs["master_keys"]?[bob.userID] == bobs.masterKey())
            #expect(
                theirs["device_keys"]?[alice.userID]?[alice.deviceID]?["signatures"]?[alice.userID]?.object?.count == 2)
            #expect(theirs["user_signing_keys"]?.object?.keys.sorted() == [bob.userID])
        }
    }

    @Test func whatIsNoListOfSignaturesIsRefused() async throws {
        try await AccountAPI.with { api in
            let alice = try await api.register("alice")
            for (body, code): (JSONValue, String) in [
                (["nobody": [:]], "M_INVALID_PARAM"), (["@a:b": []], "M_BAD_JSON"), (["@a:b": ["D": 5]], "M_BAD_JSON"),
            ] {
                let answer = await api.ask(.post, "/keys/signatures/upload", body, as: alice)
                #expect(answer.status == 400 && answer.errcode == code)
            }
            let unstable = await api.ask(
                .post, "/_matrix/client/unstable/keys/signatures/upload", [:], as: alice)
            #expect(unstable.body == ["failures": [:]])
        }
    }
}
