import Accounts
import ApusTesting
import ClientEndpoints
import Cluster
import Encryption
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Postgres
import Rooms
import Storage
import Telemetry

/// The endpoints of accounts and discovery as a client meets them, on a database of their own.
struct AccountAPI: Sendable {
    struct Answer: Sendable {
        let status: Int
        let body: JSONValue
        var errcode: String? { body["errcode"]?.string }
        subscript(_ name: String) -> JSONValue? { body[name] }
    }

    /// Somebody who has logged in.
    struct Session: Sendable {
        let userID: String
        let deviceID: String
        let token: String
        let refreshToken: String?

        init?(_ answer: Answer) {
            guard answer.status == 200, let userID = answer["user_id"]?.string,
                let deviceID = answer["device_id"]?.string, let token = answer["access_token"]?.string
            else { return nil }
            self.userID = userID
            self.deviceID = deviceID
            self.token = token
            refreshToken = answer["refresh_token"]?.string
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
                    users: AccessTokens(
                        devices: stores.devices, feed: feed,
                        sightings: DeviceSightings(devices: stores.devices, telemetry: telemetry), telemetry: telemetry)
                ))
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

    /// - Parameter path: below `/_matrix/client/v3` unless it begins with `/_` or `/.`.
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, as session: Session? = nil
    ) async -> Answer {
        await ask(method, path, text: body.map { String(decoding: $0.canonicalBytes, as: UTF8.self) }, as: session)
    }

    func ask(
        _ method: HTTPRequest.Method, _ path: String, text: String?, as session: Session? = nil
    ) async -> Answer {
        var headers: HTTPFields = [:]
        if let session { headers[.authorization] = "Bearer \(session.token)" }
        let isWhole = path.hasPrefix("/_") || path.hasPrefix("/.")
        let response = await router.respond(
            to: ServerRequest(
                method: method, target: isWhole ? path : "/_matrix/client/v3" + path, headers: headers,
                clientAddress: "192.0.2.1", body: text.map { .buffer(ByteBuffer(string: $0)) } ?? .empty))
        guard case .buffer(let buffer) = response.body else { return Answer(status: response.status.code, body: nil) }
        let json = try? JSONValue(parsing: Array(buffer.readableBytesView))
        return Answer(status: response.status.code, body: json ?? nil)
    }

    /// A page as a browser gets it.
    struct Page: Sendable {
        let status: Int
        let headers: HTTPFields
        let text: String
    }

    /// - Parameters:
    ///   - path: as that of `ask`.
    ///   - form: what is sent, as browsers encode it.
    func open(
        _ method: HTTPRequest.Method, _ path: String, form: String? = nil, headers: HTTPFields = [:]
    ) async -> Page {
        var headers = headers
        if form != nil { headers[.contentType] = "application/x-www-form-urlencoded" }
        let response = await router.respond(
            to: ServerRequest(
                method: method, target: path.hasPrefix("/_") ? path : "/_matrix/client/v3" + path, headers: headers,
                clientAddress: "192.0.2.1", body: form.map { .buffer(ByteBuffer(string: $0)) } ?? .empty))
        guard case .buffer(let buffer) = response.body else {
            return Page(status: response.status.code, headers: response.headers, text: "")
        }
        return Page(status: response.status.code, headers: response.headers, text: String(buffer: buffer))
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
