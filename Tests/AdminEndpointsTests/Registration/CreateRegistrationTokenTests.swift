import Accounts
import AdminEndpoints
import ApusTesting
import Cluster
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Postgres
import Storage
import Telemetry
import Testing

@Suite struct CreateRegistrationTokenTests {
    @Test func administratorsMakeTokens() async throws {
        try await with { ask, clock in
            let given = await ask(
                "root", ["token": "invite.2", "uses_allowed": 2, "expiry_time": .integer(clock + 1000)])
            #expect(given.status == 200)
            #expect(
                given.body == [
                    "token": "invite.2", "uses_allowed": 2, "pending": 0, "completed": 0,
                    "expiry_time": .integer(clock + 1000),
                ])
            let chosen = await ask("root", [:])
            #expect(chosen.body["token"]?.string?.utf8.count == 16)
            #expect(chosen.body["uses_allowed"] == .null && chosen.body["expiry_time"] == .null)
            #expect(await ask("root", ["length": 64]).body["token"]?.string?.utf8.count == 64)
            #expect(await ask("root", ["token": "invite.2"]).body["errcode"] == "M_INVALID_PARAM")
        }
    }

    @Test func refusesWhatCannotBe() async throws {
        try await with { ask, clock in
            let wrong: [JSONValue] = [
                ["token": "a b"], ["token": ""], ["token": .string(String(repeating: "a", count: 65))],
                ["length": 0], ["length": 65], ["uses_allowed": -1], ["uses_allowed": .integer(1 << 40)],
                ["expiry_time": .integer(clock)],
            ]
            for request in wrong {
                let answer = await ask("root", request)
                #expect(answer.status == 400 && answer.body["errcode"] == "M_INVALID_PARAM", "\(request)")
            }
            #expect(await ask("root", ["token": 1]).body["errcode"] == "M_BAD_JSON")
        }
    }

    @Test func nobodyElseMakesAny() async throws {
        try await with { ask, _ in
            #expect(await ask("alice", [:]).status == 403)
            #expect(await ask(nil, [:]).status == 401)
        }
    }

    private typealias Ask = (_ user: String?, _ body: JSONValue) async -> (status: Int, body: JSONValue)

    private func with(_ body: (Ask, Int64) async throws -> Void) async throws {
        let clock = ManualClock()
        let telemetry = Telemetry.silent(clock: clock)
        try await MigratedDatabase.with { database in
            let pool = database.pool()
            let log = LogStore(pool: pool)
            let installation = try #require(try await log.installation())
            let feed = try await LogFeed.start(
                installation: installation, store: log, hints: NoHints(), telemetry: telemetry)
            let hasher = PasswordHasher(cost: .minimum)
            let stores = AccountStores(pool: pool, rooms: RoomStore(pool: pool))
            let accounts = AccountServices(
                AccountSetup(
                    serverName: database.serverName, registration: RegistrationPolicy(isOpen: false),
                    publicBaseURL: nil, hasher: hasher, limiter: UnlimitedRate(), feed: feed,
                    interning: Interning(pool: pool, shardCount: installation.shardCount), stores: stores,
                    telemetry: telemetry))
            let tokens = AccessTokens(
                devices: stores.devices, feed: feed,
                sightings: DeviceSightings(devices: stores.devices, telemetry: telemetry), telemetry: telemetry)
            let router = try Router(
                ServedEndpoint.all(
                    AdminEndpoints.all, with: AdminServices(accounts: accounts, sharedSecret: nil),
                    in: EndpointEnvironment(authenticators: Authenticators(users: tokens))), telemetry: telemetry)
            var sessions: [String: String] = [:]
            for name in ["root", "alice"] {
                let user = try await accounts.registration.makeAccount(
                    name, password: "x", isAdministrator: name == "root")
                let device = try DeviceRequest(
                    deviceID: nil, displayName: nil, wantsRefreshToken: false, address: "192.0.2.1")
                sessions[name] = try await accounts.devices.open(device, for: user, verifiedHash: nil).tokens
                    .accessToken
            }
            let known = sessions
            let ask: Ask = { user, body in
                let headers: HTTPFields = user.flatMap { known[$0] }.map { [.authorization: "Bearer \($0)"] } ?? [:]
                let response = await router.respond(
                    to: ServerRequest(
                        method: .post, target: "/_synapse/admin/v1/registration_tokens/new", headers: headers,
                        body: .buffer(ByteBuffer(bytes: body.canonicalBytes))))
                guard case .buffer(let buffer) = response.body else { return (response.status.code, nil) }
                return (response.status.code, (try? JSONValue(parsing: Array(buffer.readableBytesView))) ?? nil)
            }
            try await body(ask, clock.nowMilliseconds)
            await hasher.shutdown()
            await pool.close()
        }
    }
}
