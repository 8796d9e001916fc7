import ApusTesting
import Cluster
import Encryption
import MatrixCore
import Postgres
import Storage
import Synchronization
import Telemetry

/// One worker of a test as far as keys need it.
struct KeyWorker: Sendable {
    let pool: PostgresPool
    let feed: LogFeed
    let interning: Interning
    let store: DeviceKeyStore
    let uploads: KeyUploads
    let queries: KeyQueries
    let claims: KeyClaims
    let crossSigning: CrossSigningUploads
    let signatures: SignatureUploads
    let counts: KeyCountMemory
    let clock = SystemClock()

    static func with(
        remote: (any RemoteUserKeys)? = nil, followed: (any FollowedKeys)? = nil,
        observer: (any PostgresObserver)? = nil, _ body: (KeyWorker) async throws -> Void
    ) async throws {
        try await MigratedDatabase.with { database in
            let worker = try await KeyWorker(database, remote: remote, followed: followed, observer: observer)
            do { try await body(worker) } catch {
                await worker.pool.close()
                throw error
            }
            await worker.pool.close()
        }
    }

    /// Several workers on one database.
    static func with(_ count: Int, _ body: ([KeyWorker]) async throws -> Void) async throws {
        try await MigratedDatabase.with { database in
            var workers: [KeyWorker] = []
            for _ in 0..<count { workers.append(try await KeyWorker(database)) }
            let result: Result<Void, any Error>
            do { result = .success(try await body(workers)) } catch { result = .failure(error) }
            for worker in workers { await worker.pool.close() }
            try result.get()
        }
    }

    init(
        _ database: MigratedDatabase, remote: (any RemoteUserKeys)? = nil, followed: (any FollowedKeys)? = nil,
        observer: (any PostgresObserver)? = nil
    ) async throws {
        pool = database.pool(observer: observer)
        let log = LogStore(pool: pool)
        guard let installation = try await log.installation() else { throw TestingError("no installation") }
        feed = try await LogFeed.start(
            installation: installation, store: log, hints: NoHints(), telemetry: .silent())
        interning = Interning(pool: pool, shardCount: installation.shardCount)
        store = DeviceKeyStore(pool: pool)
        let signing = CrossSigningStore(pool: pool)
        uploads = KeyUploads(store: store, interning: interning, feed: feed, clock: clock)
        queries = KeyQueries(
            serverName: installation.serverName, store: store, interning: interning, remote: remote,
            followed: followed, clock: clock)
        claims = KeyClaims(
            serverName: installation.serverName, store: store, interning: interning, feed: feed, remote: remote,
            clock: clock)
        crossSigning = CrossSigningUploads(
            keys: store, store: signing, interning: interning, feed: feed, clock: clock)
        signatures = SignatureUploads(store: signing, queries: queries, feed: feed, clock: clock)
        counts = KeyCountMemory(store: store, feed: feed)
    }

    // MARK: Users and devices

    func user(_ name: String) async throws -> UserRecord {
        guard let userID = UserID("@\(name):example.org") else { throw TestingError("no user id") }
        let user = try await interning.user(userID)
        _ = try await AccountStore(pool: pool).create(
            NewAccount(user: user, passwordHash: nil), oldestSession: 0, now: 1)
        return user
    }

    /// A device of a user, logged in.
    func device(_ deviceID: String, of user: UserRecord, seed: UInt8, named name: String? = nil) async throws
        -> KeyedDevice
    {
        let token = TokenHash(of: "\(user.userID) \(deviceID)")
        let opening = DeviceOpening(
            user: user, deviceID: deviceID, displayName: name, address: "",
            tokens: NewTokens(access: token, accessExpiresMilliseconds: nil, refresh: nil), verifiedHash: nil)
        _ = try await DeviceStore(pool: pool).open(opening, now: 1)
        return try KeyedDevice(user.userID.description, deviceID, seed: seed)
    }

    func close(_ deviceID: String, of user: UserRecord) async throws {
        _ = try await DeviceStore(pool: pool).close([deviceID], of: user, now: 1)
    }

    // MARK: Keys

    @discardableResult
    func upload(
        _ user: UserRecord, _ deviceID: String, device: JSONValue? = nil, oneTime: JSONValue? = nil,
        fallback: JSONValue? = nil
    ) async throws -> [String: Int] {
        func view(_ value: JSONValue?) throws -> JSONView? {
            try value.map { try JSONDocument(parsing: $0.canonicalBytes).root }
        }
        return try await uploads.upload(
            UncheckedKeys(
                deviceKeys: try view(device), oneTimeKeys: try view(oneTime)?.object,
                fallbackKeys: try view(fallback)?.object), of: user.nid, deviceID: deviceID)
    }

    /// The name of a key that is claimed; `nil` when there is none.
    func claim(_ user: UserRecord, _ deviceID: String, _ algorithm: String = "signed_curve25519") async throws
        -> String?
    {
        try await claims.claim([user.userID: [deviceID: algorithm]]).keys[user.userID]?[deviceID]?.name
    }

    func setCrossSigning(_ keys: JSONValue, of user: UserRecord, isAuthorised: Bool = false) async throws -> Bool {
        let root = try JSONDocument(parsing: keys.canonicalBytes).root
        return try await crossSigning.set(
            UncheckedCrossSigningKeys(
                masterKey: root["master_key"], selfSigningKey: root["self_signing_key"],
                userSigningKey: root["user_signing_key"]), of: user.nid, isAuthorised: isAuthorised)
    }

    func sign(_ objects: [(UserRecord, String, JSONValue)], by user: UserRecord) async throws
        -> SignatureUploads.Failures
    {
        var views: [UserID: [String: JSONView]] = [:]
        for (target, name, value) in objects {
            views[target.userID, default: [:]][name] = try JSONDocument(parsing: value.canonicalBytes).root
        }
        return try await signatures.upload(views, by: user.nid)
    }

    /// A user's keys as another user is shown them, as JSON.
    func shown(_ user: UserRecord, to viewer: UserRecord) async throws -> JSONValue {
        let answer = try await queries.answer(KeyQuery(users: [user.userID: []]), for: viewer.nid)
        return try JSONValue(parsing: JSONWriter.write { json in json.object { UserKeys.write(answer.keys, to: &$0) } })
    }

    /// What the log says of a user since a place of it, by kind.
    func news(of user: UserRecord, since position: Int64) async throws -> [LogKind] {
        try await LogStore(pool: pool).rows(of: user.shard, after: position).filter { $0.userNID == user.nid }.map(
            \.kind)
    }

    func head(of user: UserRecord) async throws -> Int64 {
        try await LogStore(pool: pool).heads(shards: feed.installation.shardCount)[user.shard]
    }
}

/// Other servers that answer as a test says.
final class ScriptedServers: RemoteUserKeys {
    typealias Query = @Sendable ([UserID: Set<String>], ServerName) async throws -> [UserID: ToldKeys]
    typealias Claim =
        @Sendable ([UserID: [String: String]], ServerName) async throws -> [UserID: [String: JSONObjectView]]

    private let query: Query
    private let claiming: Claim
    let asked = Mutex<[ServerName]>([])

    init(query: @escaping Query = { _, _ in [:] }, claim: @escaping Claim = { _, _ in [:] }) {
        self.query = query
        claiming = claim
    }

    func keys(of users: [UserID: Set<String>], at server: ServerName) async throws -> [UserID: ToldKeys] {
        asked.withLock { $0.append(server) }
        return try await query(users, server)
    }

    func claim(
        _ devices: [UserID: [String: String]], at server: ServerName
    ) async throws -> [UserID: [String: JSONObjectView]] {
        asked.withLock { $0.append(server) }
        return try await claiming(devices, server)
    }
}

/// The error code of what a body throws.
func refusal(_ body: () async throws -> Void) async -> Errcode? {
    do {
        try await body()
        return nil
    } catch { return (error as? any MatrixErrorRepresentable)?.matrixError.errcode }
}
