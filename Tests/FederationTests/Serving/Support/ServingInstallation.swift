import ApusTesting
import Cluster
import Federation
import FederationAPI
import HTTPAPI
import MatrixCore
import NIOCore
import Postgres
import Rooms
import Storage
import Telemetry
import Testing

/// A migrated database, a worker on it with rooms, and what it answers other servers.
struct ServingInstallation: Sendable {
    static let serverName = ServerName("here.test")!

    let rooms: RoomService
    let resident: ResidentRooms
    let invites: IncomingInvites
    let history: ServedHistory
    let accounts: AccountStore
    let key: SigningKey
    private let pool: PostgresPool

    static func with(
        _ servers: ForeignServer..., body: (ServingInstallation) async throws -> Void
    ) async throws {
        try await MigratedDatabase.with(serverName.description) { database in
            let installation = try await ServingInstallation(database.pool(), servers)
            try await body(installation)
            await installation.pool.close()
        }
    }

    private init(_ pool: PostgresPool, _ servers: [ForeignServer]) async throws {
        self.pool = pool
        let telemetry = Telemetry(
            log: .discarding, metrics: MetricsRegistry(), clock: SystemClock(), random: SystemRandomSource())
        let store = LogStore(pool: pool)
        let installation = try #require(try await store.installation())
        let feed = try await LogFeed.start(
            installation: installation, store: store, hints: NoHints(), telemetry: telemetry)
        let interning = Interning(pool: pool, shardCount: installation.shardCount)
        let reader = RoomReader(
            store: RoomStore(pool: pool), eventStore: EventStore(pool: pool), interning: interning,
            memberships: MembershipStore(pool: pool), feed: feed)
        key = try #require(SigningKey(version: "h", seed: Array(repeating: 3, count: 32)))
        let writing = RoomWriting(
            reader: reader, numbers: NumberBlocks(pool: pool), feed: feed,
            server: LocalServer(name: Self.serverName, signingKey: key),
            localServerNID: try await interning.server(Self.serverName), notifications: NobodyListens(),
            telemetry: telemetry)
        rooms = RoomService(writing: writing, profiles: ProfileStore(pool: pool), remote: nil) { _, _ in nil }
        accounts = AccountStore(pool: pool)
        let verifier = EventVerifier(
            serverName: Self.serverName, ownKeys: OwnKeys(current: key), keys: ForeignKeys(servers: servers))
        resident = ResidentRooms(rooms: rooms, verifier: verifier)
        invites = IncomingInvites(rooms: rooms, accounts: accounts, verifier: verifier)
        history = ServedHistory(rooms: rooms)
    }

    // MARK: Local users and what they do

    func user(_ localpart: String) async throws -> UserRecord {
        try await rooms.reader.interning.user(UserID("@\(localpart):\(Self.serverName)")!)
    }

    /// A user with an account.
    func account(_ localpart: String) async throws -> UserRecord {
        let user = try await user(localpart)
        let account = NewAccount(user: user, passwordHash: nil)
        #expect(try await accounts.create(account, oldestSession: 0, now: 1) == .made)
        return user
    }

    func room(
        by creator: UserRecord, version: RoomVersion = .v12, _ preset: RoomCreation.Preset = .publicChat
    ) async throws -> RoomRecord {
        var creation = RoomCreation(version: version)
        creation.preset = preset
        let roomID = try await rooms.create(creation, by: creator, aliases: nil)
        return try #require(try await rooms.reader.room(roomID))
    }

    @discardableResult
    func set(
        _ type: String, _ stateKey: String = "", to content: JSONValue, in room: RoomRecord, by user: UserRecord
    ) async throws -> EventID {
        try await rooms.send(
            try EventDraft(sender: user, type: type, stateKey: stateKey, content: content), in: room)
    }

    @discardableResult
    func say(_ text: String, in room: RoomRecord, by user: UserRecord) async throws -> EventID {
        let content: JSONValue = ["msgtype": "m.text", "body": .string(text)]
        return try await rooms.send(try EventDraft(sender: user, type: EventType.message, content: content), in: room)
    }

    func membership(of user: UserID, in room: RoomRecord) async throws -> Membership? {
        try await rooms.reader.current(room)?.membership(of: user)
    }

    /// The newest events of the room, by which it is seen whether anything was written.
    func head(of room: RoomRecord) async throws -> RoomHead? { try await rooms.reader.store.head(of: room.nid) }

    func isStored(_ event: Event, in room: RoomRecord) async throws -> Bool {
        try await rooms.reader.events.event(event.eventID, in: room) != nil
    }

    // MARK: Other servers

    /// Lets a user of another server join as that server would do it.
    @discardableResult
    func join(_ server: ForeignServer, _ localpart: String, to room: RoomRecord) async throws -> JoinedRoom {
        let event = try await draft(server, localpart, .join, in: room)
        return try await join(server, event, to: room)
    }

    func join(_ server: ForeignServer, _ event: Event, to room: RoomRecord) async throws -> JoinedRoom {
        let answer = try await resident.join(server.request(.join, event), from: server.name)
        return try JoinedRoom(answer: try await Self.document(answer))
    }

    func draft(
        _ server: ForeignServer, _ localpart: String, _ membership: Membership, in room: RoomRecord
    ) async throws -> Event {
        try server.complete(try await template(server, localpart, membership, in: room))
    }

    func template(
        _ server: ForeignServer, _ localpart: String, _ membership: Membership, in room: RoomRecord
    ) async throws -> MembershipTemplate {
        let response = try await resident.draft(
            membership, of: server.user(localpart), in: room.roomID, versions: [room.version], for: server.name)
        return try MembershipTemplate(answer: JSONDocument(parsing: JSONWriter.write { response.write(to: &$0) }))
    }

    static func document(_ answer: SplicedEvents) async throws -> JSONDocument {
        var bytes: [UInt8] = []
        for try await part in answer { bytes += part.readableBytesView }
        return try JSONDocument(parsing: bytes)
    }
}

/// The keys of the servers that there are.
struct ForeignKeys: RemoteKeys {
    let servers: [ForeignServer]

    func key(_ id: SigningKeyID, of server: ServerName, validAtMilliseconds: Int64) async throws -> Ed25519PublicKey? {
        servers.first { $0.name == server && $0.key.id == id }?.key.publicKey
    }
}
