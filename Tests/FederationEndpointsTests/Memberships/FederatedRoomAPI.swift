import ApusTesting
import EndpointsTesting
import Federation
import FederationAPI
import FederationEndpoints
import HTTPAPI
import HTTPTypes
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Telemetry
import Testing

/// The endpoints about rooms, as another server meets them: `theirs.example`, which signs its events with its own key.
struct FederatedRoomAPI: Sendable {
    static let ours = ServerName("example.org")!
    static let theirs = ServerName("theirs.example")!

    let worker: RoomsWorker
    let accounts: AccountStore
    private let router: Router
    private let theirKey: SigningKey

    var rooms: RoomService { worker.rooms }

    static func with(_ body: @escaping @Sendable (FederatedRoomAPI) async throws -> Void) async throws {
        try await RoomsWorker.with(ours.description) { try await body(FederatedRoomAPI($0)) }
    }

    private init(_ worker: RoomsWorker) throws {
        self.worker = worker
        let rooms = worker.rooms
        theirKey = try #require(SigningKey(version: "t", seed: Array(repeating: 9, count: 32)))
        accounts = AccountStore(pool: worker.pool)
        let verifier = EventVerifier(
            serverName: Self.ours, ownKeys: OwnKeys(current: worker.key), keys: TheirKeys(key: theirKey))
        let memberships = FederatedMembershipServices(
            resident: ResidentRooms(rooms: rooms, verifier: verifier),
            invites: IncomingInvites(rooms: rooms, accounts: accounts, verifier: verifier),
            thirdParty: ThirdPartyInvites(
                rooms: rooms, identity: IdentityServerClient(requests: SilentNetwork()), client: nil,
                telemetry: worker.telemetry))
        let history = RoomHistoryServices(history: ServedHistory(rooms: rooms))
        let environment = EndpointEnvironment(
            authenticators: Authenticators(servers: AnySignature(of: Self.theirs, to: Self.ours)))
        router = try Router(
            ServedEndpoint.all(FederatedMembershipEndpoints.all, with: memberships, in: environment)
                + ServedEndpoint.all(RoomHistoryEndpoints.all, with: history, in: environment),
            telemetry: worker.telemetry)
    }

    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ parts: String..., query: String = "", body: JSONValue? = nil,
        signed: Bool = true
    ) async throws -> EndpointAnswer {
        let target = ([path] + parts.map(Self.escaped)).joined(separator: "/") + (query.isEmpty ? "" : "?\(query)")
        return try await router.ask(
            method, "/_matrix/federation/\(target)", body, headers: signed ? [.authorization: "X-Matrix"] : [:]
        ).whole()
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
        let user = try await worker.user(name)
        let made = try await accounts.create(NewAccount(user: user, passwordHash: nil), oldestSession: 0, now: 1)
        #expect(made == .made)
        return user
    }

    func room(by creator: UserRecord, version: RoomVersion = .v12) async throws -> RoomRecord {
        try await worker.record(try await worker.room(by: creator, version: version))
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
    func complete(_ answer: EndpointAnswer) throws -> Event {
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
}
