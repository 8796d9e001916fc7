import EndpointsTesting
import FederationAPI
import HTTPTypes
import MatrixCore
import Testing

@Suite struct KeyEndpointTests {
    private func read(_ object: JSONValue) throws -> ServerKeys {
        try ServerKeys(JSONDocument(parsing: object.canonicalBytes).root, of: QueryAPI.serverName)
    }

    @Test(arguments: ["/_matrix/key/v2/server", "/_matrix/key/v2/server/ed25519:a"])
    func ourKeysArePublished(_ place: String) async throws {
        try await QueryAPI.with { api in
            let answer = await api.ask(.get, place, signed: false)
            #expect(answer.status == 200)
            let keys = try read(answer.body)
            #expect(keys.verifyKeys == [api.key.id: api.key.publicKey])
            let old = ServerKeys.OldKey(key: api.oldKey.publicKey, expiredMilliseconds: 77)
            #expect(keys.oldVerifyKeys == [api.oldKey.id: old])
        }
    }

    @Test func aNotaryAnswersForItselfToo() async throws {
        try await QueryAPI.with { api in
            let answers = [
                await api.ask(.get, "/_matrix/key/v2/query/example.org", signed: false),
                await api.ask(.get, "/_matrix/key/v2/query/example.org/ed25519:a", signed: false),
                await api.ask(
                    .post, "/_matrix/key/v2/query", body: #"{"server_keys":{"example.org":{}}}"#, signed: false),
            ]
            for answer in answers {
                #expect(answer.status == 200)
                let keys = try #require(answer["server_keys"]?.array)
                #expect(keys.count == 1)
                #expect(try read(keys[0]).verifyKeys == [api.key.id: api.key.publicKey])
            }
        }
    }

    @Test func whoCannotBeReachedIsLeftOut() async throws {
        try await QueryAPI.with { api in
            let one = await api.ask(
                .get, "/_matrix/key/v2/query/gone.example:1?minimum_valid_until_ts=5", signed: false)
            #expect(one.status == 200 && one["server_keys"] == [])
            let body = """
                {"server_keys":{"gone.example:2":{"ed25519:x":{"minimum_valid_until_ts":5}},"not a name":{},
                "example.org":{"ed25519:a":{}}}}
                """
            let several = await api.ask(.post, "/_matrix/key/v2/query", body: body, signed: false)
            #expect(several["server_keys"]?.array?.count == 1)
            #expect(await api.ask(.post, "/_matrix/key/v2/query", body: #"{"server_keys":{}}"#)["server_keys"] == [])
        }
    }

    @Test func refusesWhatIsNoQuery() async throws {
        try await QueryAPI.with { api in
            let many = (0...100).map { "\"s\($0).example\":{}" }.joined(separator: ",")
            let keys = (0...64).map { "\"ed25519:k\($0)\":{}" }.joined(separator: ",")
            for (body, errcode) in [
                ("{}", "M_MISSING_PARAM"), (#"{"server_keys":[]}"#, "M_BAD_JSON"),
                (#"{"server_keys":{"a.example":5}}"#, "M_BAD_JSON"),
                (#"{"server_keys":{"a.example":{"ed25519:x":5}}}"#, "M_BAD_JSON"),
                ("{\"server_keys\":{\(many)}}", "M_INVALID_PARAM"),
                ("{\"server_keys\":{\"a.example\":{\(keys)}}}", "M_BAD_JSON"), ("nonsense", "M_NOT_JSON"),
            ] {
                let answer = await api.ask(.post, "/_matrix/key/v2/query", body: body, signed: false)
                #expect(answer.status == 400 && answer.errcode == errcode, "\(body.prefix(60))")
            }
            for place in ["not%20a%20name", "a.example?minimum_valid_until_ts=soon", "a.example/nonsense"] {
                let answer = await api.ask(.get, "/_matrix/key/v2/query/\(place)", signed: false)
                #expect(answer.status == 400 && answer.errcode == "M_INVALID_PARAM", "\(place)")
            }
            #expect(api.outside.count == 0)
        }
    }
}
