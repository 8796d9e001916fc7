import Accounts
import AdminEndpoints
import ApusTesting
import Cluster
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Postgres
import Reactor
import Storage
import Telemetry
import Testing

@Suite struct RegisterWithSharedSecretTests {
    @Test func registersAsEveryToolOfTheEcosystemDoes() async throws {
        try await withRouter(secret: "the secret") { router in
            let (status, body) = await ask(router, .get)
            #expect(status == 200)
            let nonce = try #require(body["nonce"]?.string)
            let (created, account) = await ask(router, .post, try registration(of: "Alice", nonce: nonce))
            #expect(created == 200)
            #expect(account["user_id"]?.string == "@alice:example.org")
            #expect(account["home_server"]?.string == "example.org")
            #expect(account["access_token"]?.string?.hasPrefix("apus_") == true)
            #expect(account["device_id"]?.string?.isEmpty == false)
            let (again, error) = await ask(router, .post, try registration(of: "bob", nonce: nonce))
            #expect(again == 400 && error["errcode"]?.string == "M_UNKNOWN")
        }
    }

    @Test(arguments: ["nonce", "username", "password", "mac"]) func needsEachOf(_ name: String) async throws {
        try await withRouter(secret: "the secret") { router in
            let nonce = try #require(await ask(router, .get).body["nonce"]?.string)
            var request = try registration(of: "alice", nonce: nonce)
            request[name] = nil
            #expect(await ask(router, .post, request).body["errcode"]?.string == "M_MISSING_PARAM")
            request[name] = 1
            #expect(await ask(router, .post, request).body["errcode"]?.string == "M_BAD_JSON")
        }
    }

    @Test func refusesSymbolsInNames() async throws {
        try await withRouter(secret: "the secret") { router in
            let nonce = try #require(await ask(router, .get).body["nonce"]?.string)
            let (status, error) = await ask(router, .post, try registration(of: "an!user", nonce: nonce))
            #expect(status == 400 && error["errcode"]?.string == "M_INVALID_USERNAME")
        }
    }

    @Test func withoutASecretNobodyRegisters() async throws {
        try await withRouter(secret: nil) { router in
            #expect(await ask(router, .get).status == 400)
            let request = try registration(of: "alice", nonce: "x")
            #expect(await ask(router, .post, request).status == 400)
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
        _ router: Router, _ method: HTTPRequest.Method, _ body: JSONValue? = nil
    ) async -> (status: Int, body: JSONValue) {
        let request = ServerRequest(
            method: method, target: "/_synapse/admin/v1/register",
            body: body.map { .buffer(ByteBuffer(bytes: $0.canonicalBytes)) } ?? .empty)
        let response = await router.respond(to: request)
        guard case .buffer(let buffer) = response.body else { return (response.status.code, nil) }
        return (response.status.code, (try? JSONValue(parsing: Array(buffer.readableBytesView))) ?? nil)
    }

    private func withRouter(secret: String?, _ body: (Router) async throws -> Void) async throws {
        let reactor = try Reactor()
        let telemetry = Telemetry.silent(clock: ManualClock())
        try await TestDatabase.with { database in
            let pool = PostgresPool(
                PostgresConfiguration(conninfo: database.url), reactor: reactor, logger: telemetry.log.logger)
            let name = try #require(ServerName("example.org"))
            _ = try await Migrator(pool: pool).migrate(serverName: name, now: 1)
            let log = LogStore(pool: pool)
            let installation = try #require(try await log.installation())
            let feed = try await LogFeed.start(
                installation: installation, store: log, hints: NoHints(), telemetry: telemetry)
            let hasher = PasswordHasher(cost: .minimum)
            let setup = AccountSetup(
                serverName: name, registration: RegistrationPolicy(isOpen: false), publicBaseURL: nil, hasher: hasher,
                limiter: UnlimitedRate(), feed: feed,
                interning: Interning(pool: pool, shardCount: installation.shardCount),
                stores: AccountStores(pool: pool, rooms: RoomStore(pool: pool)), telemetry: telemetry)
            let accounts = AccountServices(setup)
            let services = AdminServices(
                accounts: accounts, sharedSecret: secret.map { accounts.sharedSecretRegistration($0, setup) })
            let endpoints = ServedEndpoint.all(
                AdminEndpoints.all, with: services, in: EndpointEnvironment(authenticators: Authenticators()))
            try await body(try Router(endpoints, telemetry: telemetry))
            await hasher.shutdown()
            await pool.close()
        }
        await reactor.shutdown()
    }
}
