import ApusTesting
import Cluster
import Federation
import FederationAPI
import FederationEndpoints
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Postgres
import Reactor
import Rooms
import Storage
import Telemetry
import Testing

/// The endpoints about rooms, as another server meets them: `theirs.example`, which signs its events with its own key.
struct FederatedRoomAPI: Sendable {
    static let ours = ServerName("example.org")!
    static let theirs = ServerName("theirs.example")!

    struct Answer: Sendable {
        let status: Int
        let body: JSONValue
        var errcode: String? { body["errcode"]?.string }
        subscript(_ name: String) -> JSONValue? { body[name] }
    }

    let rooms: RoomService
    let accounts: AccountStore
    private let router: Router
    private let theirKey: SigningKey

    static func with(_ body: @escaping @Sendable (FederatedRoomAPI) async throws -> Void) async throws {
        let reactor = try Reactor()
        let telemetry = Telemetry(
            log: .discarding, metrics: MetricsRegistry(), clock: SystemClock(), random: SystemRandomSource())
        try await TestDatabase.with { database in
            let pool = PostgresPool(
                PostgresConfiguration(conninfo: database.url), reactor: reactor, logger: telemetry.log.logger)
            _ = try await Migrator(pool: pool).migrate(serverName: ours, now: 1)
            try await body(try await FederatedRoomAPI(pool, telemetry))
            await pool.close()
        }
        await reactor.shutdown()
    }

    private init(_ pool: PostgresPool, _ telemetry: Telemetry) async throws {
        let key = try #require(SigningKey(version: "a", seed: Array(repeating: 7, count: 32)))
        theirKey = try #require(SigningKey(version: "t", seed: Array(repeating: 9, count: 32)))
        let installation = try #require(try await LogStore(pool: pool).installation())
        let feed = try await LogFeed.start(
            installation: installation, store: LogStore(pool: pool), hints: NoHints(), telemetry: telemetry)
        let interning = Interning(pool: pool, shardCount: installation.shardCount)
        let reader = RoomReader(
            store: RoomStore(pool: pool), eventStore: EventStore(pool: pool), interning: interning,
            memberships: MembershipStore(pool: pool), feed: feed)
        let writing = RoomWriting(
            reader: reader, numbers: NumberBlocks(pool: pool), feed: feed,
            server: LocalServer(name: Self.ours, signingKey: key),
            localServerNID: try await interning.server(Self.ours), notifications: NobodyIsNotified(),
            telemetry: telemetry)
        rooms = RoomService(writing: writing, profiles: ProfileStore(pool: pool), remote: nil) { _, _ in nil }
        accounts = AccountStore(pool: pool)
        let verifier = EventVerifier(
            serverName: Self.ours, ownKeys: OwnKeys(current: key), keys: TheirKeys(key: theirKey))
        let memberships = FederatedMembershipServices(
            resident: ResidentRooms(rooms: rooms, verifier: verifier),
            invites: IncomingInvites(rooms: rooms, accounts: accounts, verifier: verifier))
        let history = RoomHistoryServices(history: ServedHistory(rooms: rooms))
        let environment = EndpointEnvironment(authenticators: Authenticators(servers: SignedByThem()))
        router = try Router(
            ServedEndpoint.all(FederatedMembershipEndpoints.all, with: memberships, in: environment)
                + ServedEndpoint.all(RoomHistoryEndpoints.all, with: history, in: environment), telemetry: telemetry)
    }

    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ parts: String..., query: String = "", body: JSONValue? = nil,
        signed: Bool = true
    ) async throws -> Answer {
        let target = ([path] + parts.map(Self.escaped)).joined(separator: "/") + (query.isEmpty ? "" : "?\(query)")
        let response = await router.respond(
            to: ServerRequest(
                method: method, target: "/_matrix/federation/\(target)",
                headers: signed ? [.authorization: "X-Matrix"] : [:],
                body: body.map { .buffer(ByteBuffer(bytes: $0.canonicalBytes)) } ?? .empty))
        var bytes: [UInt8] = []
        switch response.body {
        case .buffer(let buffer): bytes += buffer.readableBytesView
        case .stream(let stream, _): for try await part in stream { bytes += part.readableBytesView }
        }
        return Answer(status: response.status.code, body: try JSONValue(parsing: bytes))
    }

    static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain =
                byte == 0x2D || byte == 0x2E || byte == 0x5F || byte == 0x7E
                || (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    // MARK: Us

    func account(_ name: String) async throws -> UserRecord {
        let user = try await rooms.reader.interning.user(try #require(UserID("@\(name):\(Self.ours)")))
        let made = try await accounts.create(NewAccount(user: user, passwordHash: nil), oldestSession: 0, now: 1)
        #expect(made == .made)
        return user
    }

    func room(by creator: UserRecord, version: RoomVersion = .v12) async throws -> RoomRecord {
        var creation = RoomCreation(version: version)
        creation.preset = .publicChat
        return try #require(try await rooms.reader.room(try await rooms.create(creation, by: creator, aliases: nil)))
    }

    func send(
        _ type: String, _ stateKey: String? = nil, _ content: JSONValue, in room: RoomRecord, by user: UserRecord
    ) async throws -> EventID {
        try await rooms.send(try EventDraft(sender: user, type: type, stateKey: stateKey, content: content), in: room)
    }

    func membership(of user: UserID, in room: RoomRecord) async throws -> Membership? {
        try await rooms.reader.current(room)?.membership(of: user)
    }

    // MARK: Them

    func them(_ name: String) -> UserID { UserID("@\(name):\(Self.theirs)")! }

    /// The event that they make of an answer to `make_join` and its like.
    func complete(_ answer: Answer) throws -> Event {
        let version = try #require(answer["room_version"]?.string.flatMap { RoomVersion($0) })
        let draft = try #require(answer["event"])
        func ids(_ name: String) throws -> [EventID] {
            guard case .array(let entries)? = draft[name] else { return [] }
            return entries.compactMap { $0.string.flatMap { EventID($0) } }
        }
        var builder = try EventBuilder(
            version: version, roomID: draft["room_id"]?.string.flatMap { RoomID($0) }, type: EventType.member,
            stateKey: draft["state_key"]?.string, sender: try #require(draft["sender"]?.string.flatMap { UserID($0) }),
            content: try #require(draft["content"]))
        builder.prevEvents = try ids("prev_events")
        builder.authEvents = try ids("auth_events")
        guard case .integer(let depth)? = draft["depth"], case .integer(let time)? = draft["origin_server_ts"] else {
            throw TestingError("a draft without depth and time")
        }
        builder.depth = depth
        builder.originServerTS = time
        return try builder.signed(by: Self.theirs, with: theirKey)
    }

    func draft(_ membership: String, _ name: String, in room: RoomRecord) async throws -> Event {
        try complete(
            try await ask(
                .get, "v1/make_\(membership)", room.roomID.description, them(name).description,
                query: "ver=\(room.version)"))
    }

    func invite(_ user: UserID, to roomID: RoomID, version: RoomVersion) throws -> Event {
        var builder = try EventBuilder(
            version: version, roomID: roomID, type: EventType.member, stateKey: user.description, sender: them("bob"),
            content: ["membership": "invite"])
        builder.depth = 5
        builder.originServerTS = 1_700_000_000_000
        return try builder.signed(by: Self.theirs, with: theirKey)
    }

    private struct TheirKeys: RemoteKeys {
        let key: SigningKey

        func key(
            _ id: SigningKeyID, of server: ServerName, validAtMilliseconds: Int64
        ) async throws -> Ed25519PublicKey? {
            server == theirs && id == key.id ? key.publicKey : nil
        }
    }

    private struct SignedByThem: ServerAuthenticator {
        func server(signing request: CallerRequest) async throws -> RemoteServer {
            guard request.headers[.authorization] != nil else { throw MatrixError(.unauthorized, "not signed") }
            return RemoteServer(serverName: theirs, destination: ours)
        }
    }

    private struct NobodyIsNotified: NotificationPolicy {
        func decide(
            for event: Event, number: EventNID, in room: RoomRecord, members: [UserNID], state: RoomSnapshot
        ) async throws -> NotificationDecision { .silent }
    }
}
