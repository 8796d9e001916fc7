import Accounts
import ApusTesting
import Cluster
import Directory
import Encryption
import EndpointsTesting
import Federation
import FederationAPI
import FederationEndpoints
import HTTPAPI
import HTTPTypes
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Telemetry

/// The endpoints about keys and the queries, as another server meets them. Whoever has an `Authorization` header at all is
/// `theirs.example`.
struct QueryAPI: Sendable {
    static let serverName = ServerName("example.org")!
    static let theirs = ServerName("theirs.example")!

    let worker: RoomsWorker
    let router: Router
    let rooms: RoomService
    let directory: RoomDirectory
    let accounts: AccountStore
    let key: SigningKey
    let oldKey: SigningKey
    let outside: SilentNetwork

    static func with(
        sharesPublicRooms: Bool = true, namesDevices: Bool = true,
        _ body: @escaping @Sendable (QueryAPI) async throws -> Void
    ) async throws {
        try await RoomsWorker.with(serverName.description) { worker in
            try await body(
                try make(worker, sharesPublicRooms: sharesPublicRooms, namesDevices: namesDevices))
        }
    }

    private static func make(
        _ worker: RoomsWorker, sharesPublicRooms: Bool, namesDevices: Bool
    ) throws -> QueryAPI {
        let (pool, telemetry, rooms, key) = (worker.pool, worker.telemetry, worker.rooms, worker.key)
        guard let oldKey = SigningKey(version: "b", seed: Array(repeating: 8, count: 32)) else {
            throw TestingError("no key")
        }
        let profiles = ProfileStore(pool: pool)
        let directory = RoomDirectory(store: DirectoryStore(pool: pool), rooms: rooms, policy: .everyone)
        let names = AccountNames(serverName: serverName)
        let accounts = AccountStore(pool: pool)
        let queries = QueryServices(
            profiles: Profiles(
                profiles: profiles, accounts: accounts, interning: worker.interning, names: names, feed: worker.feed,
                clock: telemetry.clock),
            names: names, directory: directory, sharesPublicRooms: sharesPublicRooms, name: "Apus", version: "9.9")
        let outside = SilentNetwork()
        let notary = Self.notary(pool, telemetry, outside, key, oldKey)
        let environment = EndpointEnvironment(
            authenticators: Authenticators(servers: AnySignature(of: theirs, to: serverName)))
        let endpoints =
            ServedEndpoint.all(QueryEndpoints.all, with: queries, in: environment)
            + ServedEndpoint.all(KeyEndpoints.all, with: notary, in: environment)
            + ServedEndpoint.all(
                DeviceListEndpoints.all,
                with: OwnDeviceLists(
                    store: OwnDeviceStore(pool: pool), keys: DeviceKeyStore(pool: pool), interning: worker.interning,
                    serverName: serverName, namesDevices: namesDevices), in: environment)
        return QueryAPI(
            worker: worker, router: try Router(endpoints, telemetry: telemetry), rooms: rooms, directory: directory,
            accounts: accounts,
            key: key, oldKey: oldKey, outside: outside)
    }

    private static func notary(
        _ pool: PostgresPool, _ telemetry: Telemetry, _ outside: SilentNetwork, _ key: SigningKey,
        _ oldKey: SigningKey
    ) -> KeyNotary {
        let finder = ServerFinder(
            outbound: outside, resolver: outside, clock: telemetry.clock, random: telemetry.random)
        let client = FederationClient(serverName: serverName, signingKey: key, finder: finder, outbound: outside)
        let remote = RemoteServerKeys(
            serverName: serverName, store: ServerKeyStore(pool: pool), client: client, notaries: [],
            telemetry: telemetry)
        let old = [oldKey.id: ServerKeys.OldKey(key: oldKey.publicKey, expiredMilliseconds: 77)]
        return KeyNotary(
            serverName: serverName, ownKeys: OwnKeys(current: key, old: old), remote: remote, clock: telemetry.clock)
    }

    func ask(
        _ method: HTTPRequest.Method = .get, _ target: String, body: String = "", signed: Bool = true
    ) async -> EndpointAnswer {
        await router.ask(
            method, target, bytes: body.isEmpty ? nil : Array(body.utf8),
            headers: signed ? [.authorization: "X-Matrix"] : [:])
    }

    /// An account with a display name.
    func user(_ name: String) async throws -> UserRecord {
        guard let userID = UserID("@\(name):example.org") else { throw TestingError("no user id") }
        let user = try await rooms.reader.interning.user(userID)
        let account = NewAccount(user: user, passwordHash: nil, displayName: "\(name)!")
        guard case .made = try await accounts.create(account, oldestSession: 0, now: 1) else {
            throw TestingError("no account")
        }
        return user
    }

    /// A device of a user, with or without keys.
    func device(
        _ deviceID: String, of user: UserRecord, seed: UInt8, named name: String? = nil, hasKeys: Bool = true
    ) async throws -> KeyedDevice {
        let opening = DeviceOpening(
            user: user, deviceID: deviceID, displayName: name, address: "",
            tokens: NewTokens(
                access: TokenHash(of: deviceID), accessExpiresMilliseconds: nil, refresh: nil), verifiedHash: nil)
        _ = try await DeviceStore(pool: worker.pool).open(opening, now: 1)
        let device = try KeyedDevice(user.userID.description, deviceID, seed: seed)
        guard hasKeys else { return device }
        let uploads = KeyUploads(
            store: DeviceKeyStore(pool: worker.pool), interning: worker.interning, feed: worker.feed,
            clock: worker.telemetry.clock)
        let keys = try JSONDocument(parsing: device.deviceKeys().canonicalBytes).root
        _ = try await uploads.upload(UncheckedKeys(deviceKeys: keys), of: user.nid, deviceID: deviceID)
        return device
    }

    func crossSign(_ user: UserRecord, seed: UInt8) async throws -> CrossSigner {
        let signer = try CrossSigner(user.userID.description, seed: seed)
        let uploads = CrossSigningUploads(
            keys: DeviceKeyStore(pool: worker.pool), store: CrossSigningStore(pool: worker.pool),
            interning: worker.interning, feed: worker.feed, clock: worker.telemetry.clock)
        let keys = try JSONDocument(parsing: signer.upload().canonicalBytes).root
        _ = try await uploads.set(
            UncheckedCrossSigningKeys(
                masterKey: keys["master_key"], selfSigningKey: keys["self_signing_key"],
                userSigningKey: keys["user_signing_key"]), of: user.nid, isAuthorised: true)
        return signer
    }
}
