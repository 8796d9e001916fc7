import Accounts
import AdminEndpoints
import ApusTesting
import Cluster
import EndpointsTesting
import HTTPAPI
import MatrixCore
import Postgres
import Storage
import Telemetry

/// The endpoints for operators, on a database of their own.
struct AdminAPI: Sendable {
    let router: Router
    let accounts: AccountServices
    let clock: ManualClock

    /// - Parameter secret: the shared secret by which tools register users.
    static func with(secret: String? = nil, _ body: (AdminAPI) async throws -> Void) async throws {
        let clock = ManualClock()
        let telemetry = Telemetry.silent(clock: clock)
        try await MigratedDatabase.with { database in
            let pool = database.pool()
            let log = LogStore(pool: pool)
            guard let installation = try await log.installation() else { throw TestingError("no installation") }
            let feed = try await LogFeed.start(
                installation: installation, store: log, hints: NoHints(), telemetry: telemetry)
            let hasher = PasswordHasher(cost: .minimum)
            let stores = AccountStores(pool: pool, rooms: RoomStore(pool: pool))
            let setup = AccountSetup(
                serverName: database.serverName, registration: RegistrationPolicy(isOpen: false), publicBaseURL: nil,
                hasher: hasher, limiter: UnlimitedRate(), feed: feed,
                interning: Interning(pool: pool, shardCount: installation.shardCount), stores: stores,
                telemetry: telemetry)
            let accounts = AccountServices(setup)
            let tokens = AccessTokens(
                devices: stores.devices, feed: feed,
                sightings: DeviceSightings(devices: stores.devices, telemetry: telemetry), telemetry: telemetry)
            let services = AdminServices(
                accounts: accounts, sharedSecret: secret.map { accounts.sharedSecretRegistration($0, setup) })
            let endpoints = ServedEndpoint.all(
                AdminEndpoints.all, with: services,
                in: EndpointEnvironment(authenticators: Authenticators(users: tokens)))
            try await body(
                AdminAPI(router: try Router(endpoints, telemetry: telemetry), accounts: accounts, clock: clock))
            await hasher.shutdown()
            await pool.close()
        }
    }

    /// Makes an account and logs it in.
    ///
    /// - Returns: its access token.
    func logIn(_ name: String, isAdministrator: Bool = false) async throws -> String {
        let user = try await accounts.registration.makeAccount(
            name, password: "x", isAdministrator: isAdministrator)
        let device = try DeviceRequest(
            deviceID: nil, displayName: nil, wantsRefreshToken: false, address: "192.0.2.1")
        return try await accounts.devices.open(device, for: user, verifiedHash: nil).tokens.accessToken
    }
}
