import ApusTesting
import ClientEndpoints
import Encryption
import EndpointsTesting
import HTTPAPI
import HTTPTypes
import MatrixCore
import Postgres
import Storage
import Telemetry

/// The endpoints of backups as a client meets them. The token is the user's name.
struct KeyBackupAPI: Sendable {
    private let router: Router

    static func with(_ body: (KeyBackupAPI) async throws -> Void) async throws {
        try await MigratedDatabase.with { database in
            let pool = database.pool()
            let telemetry = Telemetry.silent()
            let interning = Interning(pool: pool, shardCount: 16)
            for name in ["alice", "bob"] {
                guard let userID = UserID("@\(name):example.org") else { throw TestingError("no user id") }
                let user = try await interning.user(userID)
                _ = try await AccountStore(pool: pool).create(
                    NewAccount(user: user, passwordHash: nil), oldestSession: 0, now: 1)
            }
            let environment = EndpointEnvironment(
                authenticators: Authenticators(users: NamesAsTokens(interning: interning)))
            let backups = KeyBackups(store: KeyBackupStore(pool: pool), clock: telemetry.clock)
            let endpoints = ServedEndpoint.all(KeyBackupEndpoints.all, with: backups, in: environment)
            try await body(KeyBackupAPI(router: try Router(endpoints, telemetry: telemetry)))
            await pool.close()
        }
    }

    /// - Parameter path: below `/_matrix/client/v3/room_keys`.
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, as user: String? = "alice"
    ) async throws -> EndpointAnswer {
        try await router.ask(method, "/_matrix/client/v3/room_keys" + path, body, token: user).whole()
    }
}
