import Accounts
import ApusTesting
import ClientEndpoints
import Cluster
import Encryption
import EndpointsTesting
import HTTPAPI
import HTTPTypes
import MatrixCore
import Postgres
import Rooms
import Storage
import Telemetry

/// The endpoints of accounts and discovery as a client meets them, on a database of their own.
struct AccountAPI: Sendable {
    /// Somebody who has logged in.
    struct Session: Sendable {
        let userID: String
        let deviceID: String
        let token: String
        let refreshToken: String?

        init?(_ answer: EndpointAnswer) {
            guard answer.status == 200, let userID = answer["user_id"]?.string,
                let deviceID = answer["device_id"]?.string, let token = answer["access_token"]?.string
            else { return nil }
            self.userID = userID
            self.deviceID = deviceID
            self.token = token
            refreshToken = answer["refresh_token"]?.string
        }
    }

    /// Takes whoever names a user in the query for an application service that acts as the user.
    private struct ServicesAsUsers: UserAuthenticator {
        let users: AccessTokens

        func user(presenting token: AccessToken, in request: CallerRequest) async throws -> LocalUser? {
            let user = try await users.user(presenting: token, in: request)
            guard let user, request.query.all("user_id") == [user.userID.description] else { return user }
            return LocalUser(
                userID: user.userID, userNID: user.userNID, deviceID: user.deviceID, tokenID: nil,
                appService: AppService(id: "bridge", senderUserID: user.userID, isRateLimited: false))
        }
    }

    static let password = "correct horse"

    let router: Router
    let services: AccountServices
    let rooms: RoomStore
    let sessions: AuthSessionStore

    static func with(
        registration: RegistrationPolicy = RegistrationPolicy(isOpen: true, allowsGuests: true),
        publicBaseURL: String? = "https://matrix.example.org/", _ body: (AccountAPI) async throws -> Void
    ) async throws {
        let telemetry = Telemetry.silent()
        try await MigratedDatabase.with { database in
            let (pool, name) = (database.pool(), database.serverName)
            let log = LogStore(pool: pool)
            guard let installation = try await log.installation() else { throw TestingError("no installation") }
            let feed = try await LogFeed.start(
                installation: installation, store: log, hints: NoHints(), telemetry: telemetry)
            let hasher = PasswordHasher(cost: .minimum)
            let rooms = RoomStore(pool: pool)
            let stores = AccountStores(pool: pool, rooms: rooms)
            let services = AccountServices(
                AccountSetup(
                    serverName: name, registration: registration, publicBaseURL: publicBaseURL, hasher: hasher,
                    limiter: UnlimitedRate(), feed: feed,
                    interning: Interning(pool: pool, shardCount: installation.shardCount), stores: stores,
                    telemetry: telemetry))
            let environment = EndpointEnvironment(
                authenticators: Authenticators(
                    users: ServicesAsUsers(
                        users: AccessTokens(
                            devices: stores.devices, feed: feed,
                            sightings: DeviceSightings(devices: stores.devices, telemetry: telemetry),
                            telemetry: telemetry))))
            let discovery = DiscoveryServices(
                publicBaseURL: publicBaseURL, defaultRoomVersion: "12",
                delayedEvents: DelayedEvents.Limits(maxDelayMilliseconds: 86_400_000, maxScheduled: 100),
                forgetsOnLeave: false)
            let endpoints =
                ServedEndpoint.all(AccountEndpoints.all, with: services, in: environment)
                + ServedEndpoint.all(DiscoveryEndpoints.all, with: discovery, in: environment)
                + ServedEndpoint.all(
                    EncryptionEndpoints.all, with: encryption(pool, feed, name, services), in: environment)
            try await body(
                AccountAPI(
                    router: try Router(endpoints, telemetry: telemetry), services: services, rooms: rooms,
                    sessions: stores.sessions))
            await hasher.shutdown()
            await pool.close()
        }
    }

    /// The endpoints about keys, without other servers.
    private static func encryption(
        _ pool: PostgresPool, _ feed: LogFeed, _ name: ServerName, _ accounts: AccountServices
    ) -> EncryptionEndpointServices {
        let (store, signing) = (DeviceKeyStore(pool: pool), CrossSigningStore(pool: pool))
        let (clock, interning) = (feed.clock, Interning(pool: pool, shardCount: feed.installation.shardCount))
        let queries = KeyQueries(
            serverName: name, store: store, interning: interning, remote: nil, followed: nil, clock: clock)
        return EncryptionEndpointServices(
            uploads: KeyUploads(store: store, interning: interning, feed: feed, clock: clock), queries: queries,
            claims: KeyClaims(
                serverName: name, store: store, interning: interning, feed: feed, remote: nil, clock: clock),
            crossSigning: CrossSigningUploads(
                keys: store, store: signing, interning: interning, feed: feed, clock: clock),
            signatures: SignatureUploads(store: signing, queries: queries, feed: feed, clock: clock),
            interactive: accounts.interactive)
    }

    // MARK: Requests

    /// Asks as an application service that acts as a user.
    func askAsService(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, for session: Session
    ) async -> EndpointAnswer {
        await router.ask(method, "\(Self.target(path))?user_id=\(session.userID)", body, token: session.token)
    }

    /// - Parameter path: below `/_matrix/client/v3` unless it begins with `/_` or `/.`.
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, as session: Session? = nil
    ) async -> EndpointAnswer {
        await router.ask(method, Self.target(path), body, token: session?.token)
    }

    func ask(
        _ method: HTTPRequest.Method, _ path: String, text: String?, as session: Session? = nil
    ) async -> EndpointAnswer {
        await router.ask(method, Self.target(path), bytes: text.map { Array($0.utf8) }, token: session?.token)
    }

    /// Asks for a page as a browser does.
    ///
    /// - Parameters:
    ///   - path: as that of `ask`.
    ///   - form: what is sent, as browsers encode it.
    func open(
        _ method: HTTPRequest.Method, _ path: String, form: String? = nil, headers: HTTPFields = [:]
    ) async -> EndpointAnswer {
        var headers = headers
        if form != nil { headers[.contentType] = "application/x-www-form-urlencoded" }
        return await router.ask(method, Self.target(path), bytes: form.map { Array($0.utf8) }, headers: headers)
    }

    private static func target(_ path: String) -> String {
        path.hasPrefix("/_") || path.hasPrefix("/.") ? path : "/_matrix/client/v3" + path
    }

    /// Registers over the API.
    func register(_ name: String, _ extra: [String: JSONValue] = [:]) async throws -> Session {
        var body: [String: JSONValue] = [
            "username": .string(name), "password": .string(Self.password), "auth": ["type": "m.login.dummy"],
        ]
        body.merge(extra) { $1 }
        let answer = await ask(.post, "/register", .object(body))
        guard let session = Session(answer) else { throw TestingError("registration was answered \(answer)") }
        return session
    }

    /// What proves to an operation that one is the user.
    static func auth(_ user: String, _ password: String = Self.password, session: String? = nil) -> JSONValue {
        var auth: JSONValue = [
            "type": "m.login.password", "identifier": ["type": "m.id.user", "user": .string(user)],
            "password": .string(password),
        ]
        if let session { auth["session"] = .string(session) }
        return auth
    }
}
