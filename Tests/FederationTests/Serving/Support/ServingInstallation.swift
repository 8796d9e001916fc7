import Cluster
import Federation
import FederationAPI
import HTTPAPI
import MatrixCore
import NIOCore
import Rooms
import RoomsTesting
import Storage
import Telemetry
import Testing

/// A migrated database, a worker on it with rooms, and what it answers other servers.
struct ServingInstallation: Sendable {
    static let serverName = ServerName("here.test")!

    let worker: RoomsWorker
    let resident: ResidentRooms
    let invites: IncomingInvites
    let history: ServedHistory
    let accounts: AccountStore

    var rooms: RoomService { worker.rooms }
    var key: SigningKey { worker.key }

    static func with(
        _ servers: ForeignServer..., body: (ServingInstallation) async throws -> Void
    ) async throws {
        try await RoomsWorker.with(serverName.description) { try await body(ServingInstallation($0, servers)) }
    }

    private init(_ worker: RoomsWorker, _ servers: [ForeignServer]) {
        self.worker = worker
        accounts = AccountStore(pool: worker.pool)
        let verifier = EventVerifier(
            serverName: Self.serverName, ownKeys: OwnKeys(current: worker.key), keys: ForeignKeys(servers: servers))
        resident = ResidentRooms(rooms: worker.rooms, verifier: verifier)
        invites = IncomingInvites(rooms: worker.rooms, accounts: accounts, verifier: verifier)
        history = ServedHistory(rooms: worker.rooms)
    }

    // MARK: Local users and what they do

    func user(_ localpart: String) async throws -> UserRecord { try await worker.user(localpart) }

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
        try await worker.record(try await worker.room(by: creator, version: version) { $0.preset = preset })
    }

    @discardableResult
    func set(
        _ type: String, _ stateKey: String = "", to content: JSONValue, in room: RoomRecord, by user: UserRecord
    ) async throws -> EventID {
        // An invite too is written as it is, whatever the server of the user might say.
        try await rooms.send(
            try EventDraft(sender: user, type: type, stateKey: stateKey, content: content), in: room)
    }

    @discardableResult
    func say(_ text: String, in room: RoomRecord, by user: UserRecord) async throws -> EventID {
        try await worker.say(text, in: room.roomID, as: user)
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

    /// What a server is told that joins.
    struct ToldRoom {
        let state: [JSONView]
        let authChain: [JSONView]
        /// The rest of the answer.
        let room: JoinedRoom
    }

    /// Lets a user of another server join as that server would do it.
    @discardableResult
    func join(_ server: ForeignServer, _ localpart: String, to room: RoomRecord) async throws -> ToldRoom {
        let event = try await draft(server, localpart, .join, in: room)
        return try await join(server, event, to: room)
    }

    func join(_ server: ForeignServer, _ event: Event, to room: RoomRecord) async throws -> ToldRoom {
        let answer = try await resident.join(server.request(.join, event), from: server.name)
        let document = try await Self.document(answer)
        return ToldRoom(
            state: document["state"]?.array.map(Array.init) ?? [],
            authChain: document["auth_chain"]?.array.map(Array.init) ?? [], room: try JoinedRoom(answer: document))
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
