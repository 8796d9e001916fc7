import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

@Suite struct RegisterWithSharedSecretTests {
    @Test func registersAsEveryToolOfTheEcosystemDoes() async throws {
        try await AdminAPI.with(secret: "the secret") { api in
            let given = await ask(api, .get)
            #expect(given.status == 200)
            let nonce = try #require(given["nonce"]?.string)
            let account = await ask(api, .post, try registration(of: "Alice", nonce: nonce))
            #expect(account.status == 200)
            #expect(account["user_id"]?.string == "@alice:example.org")
            #expect(account["home_server"]?.string == "example.org")
            #expect(account["access_token"]?.string?.hasPrefix("apus_") == true)
            #expect(account["device_id"]?.string?.isEmpty == false)
            let again = await ask(api, .post, try registration(of: "bob", nonce: nonce))
            #expect(again.status == 400 && again.errcode == "M_UNKNOWN")
        }
    }

    @Test(arguments: ["nonce", "username", "password", "mac"]) func needsEachOf(_ name: String) async throws {
        try await AdminAPI.with(secret: "the secret") { api in
            let nonce = try #require(await ask(api, .get).body["nonce"]?.string)
            var request = try registration(of: "alice", nonce: nonce)
            request[name] = nil
            #expect(await ask(api, .post, request).body["errcode"]?.string == "M_MISSING_PARAM")
            request[name] = 1
            #expect(await ask(api, .post, request).body["errcode"]?.string == "M_BAD_JSON")
        }
    }

    @Test func refusesSymbolsInNames() async throws {
        try await AdminAPI.with(secret: "the secret") { api in
            let nonce = try #require(await ask(api, .get).body["nonce"]?.string)
            let refused = await ask(api, .post, try registration(of: "an!user", nonce: nonce))
            #expect(refused.status == 400 && refused.errcode == "M_INVALID_USERNAME")
        }
    }

    @Test func withoutASecretNobodyRegisters() async throws {
        try await AdminAPI.with { api in
            #expect(await ask(api, .get).status == 400)
            let request = try registration(of: "alice", nonce: "x")
            #expect(await ask(api, .post, request).status == 400)
        }
    }

    // MARK: Support

    private func registration(of name: String, nonce: String) throws -> JSONValue {
        let text = [nonce, name, "s3kr1t", "notadmin"].joined(separator: "\0")
        let digest = try HMAC.sha1(Array(text.utf8), key: Array("the secret".utf8))
        let mac = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return [
            "nonce": .string(nonce), "username": .string(name), "password": "s3kr1t", "admin": false,
            "mac": .string(mac),
        ]
    }

    private func ask(
        _ api: AdminAPI, _ method: HTTPRequest.Method, _ body: JSONValue? = nil
    ) async -> EndpointAnswer {
        await api.router.ask(method, "/_synapse/admin/v1/register", body)
    }
}
