import ApusTesting
import EndpointsTesting
import HTTPAPI
import HTTPTypes
import MatrixCore
import ServerConfiguration
import Telemetry
import Testing
import Worker

/// What a server gives its users to show elsewhere, and tells strangers of itself, from its configuration on.
struct CredentialsTests {
    private struct Server {
        let router: Router

        func ask(
            _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, token: String? = nil
        ) async throws -> EndpointAnswer {
            try await router.ask(method, path, body, token: token).whole()
        }

        /// The access token of a new user.
        func register(_ name: String, kind: String = "user") async throws -> String {
            let body: JSONValue =
                kind == "guest"
                ? [:] : ["username": .string(name), "password": "correct horse", "auth": ["type": "m.login.dummy"]]
            let answer = try await ask(.post, "/_matrix/client/v3/register?kind=\(kind)", body)
            return try #require(answer["access_token"]?.string, "\(answer.body)")
        }
    }

    private func with(_ more: String = "", _ body: (Server) async throws -> Void) async throws {
        try await TestConfiguration.onDatabase("registration: {open: true, guests: true}\nrate_limits: none\n" + more) {
            configuration in
            let homeserver = try await Homeserver.open(
                configuration, worker: "test", roles: Set(WorkerRole.allCases), migrates: false, telemetry: .silent())
            do {
                try await body(
                    Server(
                        router: try Router(
                            homeserver.endpoints(of: [.client, .federation]), telemetry: Telemetry.silent())))
            } catch {
                await homeserver.close()
                throw error
            }
            await homeserver.close()
        }
    }

    private static let userinfo = "/_matrix/federation/v1/openid/userinfo"

    @Test func anOpenIDTokenTellsOthersWhoSomebodyIsAndOpensNothing() async throws {
        try await with { server in
            let alice = try await server.register("alice")
            let path = "/_matrix/client/v3/user/@alice:example.org/openid/request_token"
            let answer = try await server.ask(.post, path, [:], token: alice)
            #expect(answer.status == 200 && answer["token_type"] == "Bearer" && answer["expires_in"] == 3600)
            #expect(answer["matrix_server_name"] == "example.org")
            let token = try #require(answer["access_token"]?.string)
            let told = try await server.ask(.get, Self.userinfo + "?access_token=\(token)")
            #expect(told.status == 200 && told.body == ["sub": "@alice:example.org"])
            for path in ["/_matrix/client/v3/account/whoami", "/_matrix/client/v3/sync"] {
                #expect(try await server.ask(.get, path, token: token).errcode == "M_UNKNOWN_TOKEN")
            }
            #expect(try await server.ask(.post, path, [:], token: token).errcode == "M_UNKNOWN_TOKEN")
            // Nor is an access token one of these.
            for query in ["?access_token=\(alice)", "?access_token=nonsense"] {
                let unknown = try await server.ask(.get, Self.userinfo + query)
                #expect(unknown.status == 401 && unknown.errcode == "M_UNKNOWN_TOKEN")
            }
            let missing = try await server.ask(.get, Self.userinfo)
            #expect(missing.status == 401 && missing.errcode == "M_MISSING_TOKEN")
        }
    }

    @Test func nobodyGetsTheOpenIDTokenOfSomebodyElse() async throws {
        try await with { server in
            let alice = try await server.register("alice")
            _ = try await server.register("bob")
            func ask(_ user: String, _ body: JSONValue, token: String?) async throws -> EndpointAnswer {
                try await server.ask(.post, "/_matrix/client/v3/user/\(user)/openid/request_token", body, token: token)
            }
            #expect(try await ask("@bob:example.org", [:], token: alice).errcode == "M_FORBIDDEN")
            #expect(try await ask("bob", [:], token: alice).errcode == "M_INVALID_PARAM")
            #expect(try await ask("@alice:example.org", [], token: alice).errcode == "M_BAD_JSON")
            #expect(try await ask("@alice:example.org", [:], token: nil).errcode == "M_MISSING_TOKEN")
            let guest = try await server.register("", kind: "guest")
            #expect(try await ask("@alice:example.org", [:], token: guest).errcode == "M_GUEST_ACCESS_FORBIDDEN")
        }
    }

    private static let relays = "/_matrix/client/v3/voip/turnServer"

    @Test func usersAreToldOfTheRelaysForCalls() async throws {
        let turn = #"turn: {uris: ["turn:127.0.0.1:3478"], shared_secret: north, ttl_seconds: 60, allow_guests: false}"#
        try await with(turn) { server in
            let alice = try await server.register("alice")
            let answer = try await server.ask(.get, Self.relays, token: alice)
            #expect(answer["uris"] == ["turn:127.0.0.1:3478"] && answer["ttl"] == 60)
            let username = try #require(answer["username"]?.string)
            #expect(username.hasSuffix(":@alice:example.org"))
            let mac = try HMAC.sha1(Array(username.utf8), key: Array("north".utf8))
            #expect(answer["password"]?.string.flatMap(Base64.decode) == mac)
            #expect(try await server.ask(.get, Self.relays).errcode == "M_MISSING_TOKEN")
            let guest = try await server.register("", kind: "guest")
            #expect(try await server.ask(.get, Self.relays, token: guest).errcode == "M_GUEST_ACCESS_FORBIDDEN")
        }
    }

    @Test func withoutARelayThereIsNothingToTell() async throws {
        try await with { server in
            let answer = try await server.ask(.get, Self.relays, token: try await server.register("alice"))
            #expect(answer.status == 200 && answer.body == [:])
            let guest = try await server.register("", kind: "guest")
            #expect(try await server.ask(.get, Self.relays, token: guest).body == [:])
        }
    }

    @Test func strangersAreToldWhomToTurnTo() async throws {
        let section = """
            support:
              contacts:
                - {matrix_id: "@admin:elsewhere.org", email_address: admin@example.org}
                - {role: m.role.security, email_address: security@example.org}
              page: https://example.org/help
            policy_server: {ed25519: 6yhHGKhCiXTSEN2ksjV7kX_N6rBQZ3Xb-M7LlC6NS-s}
            """
        try await with(section) { server in
            let support = try await server.ask(.get, "/.well-known/matrix/support")
            #expect(
                support.body == [
                    "contacts": [
                        [
                            "matrix_id": "@admin:elsewhere.org", "email_address": "admin@example.org",
                            "role": "m.role.admin",
                        ],
                        ["email_address": "security@example.org", "role": "m.role.security"],
                    ],
                    "support_page": "https://example.org/help",
                ])
            let policy = try await server.ask(.get, "/.well-known/matrix/policy_server")
            #expect(policy.body == ["public_keys": ["ed25519": "6yhHGKhCiXTSEN2ksjV7kX_N6rBQZ3Xb-M7LlC6NS-s"]])
        }
        try await with("support: {page: https://example.org/help}") { server in
            let answer = try await server.ask(.get, "/.well-known/matrix/support")
            #expect(answer.body == ["support_page": "https://example.org/help"])
        }
        try await with { server in
            for path in ["support", "policy_server"] {
                let answer = try await server.ask(.get, "/.well-known/matrix/\(path)")
                #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND")
            }
        }
    }
}
