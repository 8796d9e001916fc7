import Accounts
import ApusTesting
import Cluster
import HTTPAPI
import HTTPTypes
import MatrixCore
import Postgres
import Storage
import Telemetry

/// The account services of one worker.
struct AccountWorker: Sendable {
    let pool: PostgresPool
    let feed: LogFeed
    let stores: AccountStores
    let interning: Interning
    let services: AccountServices
    let setup: AccountSetup
    let tokens: AccessTokens
    let sightings: DeviceSightings
    let hasher: PasswordHasher
    let clock: ManualClock

    static func start(
        in fixture: AccountFixture, registration: RegistrationPolicy, hints: any HintBus, limiter: any RateLimiter
    ) async throws -> AccountWorker {
        let telemetry = Telemetry.silent(clock: fixture.clock)
        let pool = fixture.database.pool()
        let feed = try await LogFeed.start(
            installation: fixture.installation, store: LogStore(pool: pool), hints: hints, telemetry: telemetry)
        let interning = Interning(pool: pool, shardCount: fixture.installation.shardCount)
        let stores = AccountStores(pool: pool, rooms: RoomStore(pool: pool))
        let hasher = PasswordHasher(cost: .minimum)
        let setup = AccountSetup(
            serverName: AccountFixture.serverName, registration: registration, publicBaseURL: nil, hasher: hasher,
            limiter: limiter, feed: feed, interning: interning, stores: stores, telemetry: telemetry)
        let sightings = DeviceSightings(devices: stores.devices, telemetry: telemetry)
        return AccountWorker(
            pool: pool, feed: feed, stores: stores, interning: interning, services: AccountServices(setup),
            setup: setup,
            tokens: AccessTokens(devices: stores.devices, feed: feed, sightings: sightings, telemetry: telemetry),
            sightings: sightings, hasher: hasher, clock: fixture.clock)
    }

    func stop() async {
        await hasher.shutdown()
        await pool.close()
    }

    // MARK: What tests do often

    /// Registers without authentication, as an administrator would, and logs in.
    func register(
        _ name: String, password: String = "correct horse", device: String? = nil, refresh: Bool = false
    ) async throws -> IssuedSession {
        let user = try await services.registration.makeAccount(name, password: password)
        return try await services.devices.open(try request(device, refresh: refresh), for: user, verifiedHash: nil)
    }

    func request(_ device: String? = nil, refresh: Bool = false, name: String? = nil) throws -> DeviceRequest {
        try DeviceRequest(deviceID: device, displayName: name, wantsRefreshToken: refresh, address: "192.0.2.1")
    }

    func logIn(
        _ name: String, password: String = "correct horse", device: String? = nil, refresh: Bool = false
    ) async throws -> IssuedSession {
        try await services.login.logIn(
            .user(name), password: password, device: try request(device, refresh: refresh))
    }

    /// Who a token is, as an endpoint asks it.
    func whoami(_ token: String, operation: String = "getTokenOwner") async throws -> LocalUser {
        try await LocalUser.identify(
            CallerRequest(
                route: Route(operation, .get, "/", guests: true), headers: [.authorization: "Bearer \(token)"],
                clientAddress: "192.0.2.7", query: try Query(nil), target: "/"),
            with: Authenticators(users: tokens))
    }

    func user(_ session: IssuedSession) async throws -> LocalUser { try await whoami(session.tokens.accessToken) }
}

/// What a body throws as a `MatrixError`; `nil` when it throws none.
func refusal(isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Void) async throws
    -> MatrixError?
{
    do {
        try await body()
        return nil
    } catch let error as MatrixError {
        return error
    }
}
