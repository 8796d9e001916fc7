import Cluster
import Federation
import FederationAPI
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Synchronization
import Telemetry
import Testing

/// A migrated database, a worker on it, and other servers that it reaches without a network.
struct JoiningInstallation: Sendable {
    static let serverName = ServerName("here.test")!

    let worker: RoomsWorker
    let rooms: RoomService
    let remote: FederatedRooms
    let state: RemoteState
    let network: ResidentNetwork

    var pool: PostgresPool { worker.pool }

    static func with(
        _ servers: ResidentServer..., body: (JoiningInstallation) async throws -> Void
    ) async throws {
        try await RoomsWorker.with(serverName.description) { try await body(JoiningInstallation($0, servers)) }
    }

    private init(_ worker: RoomsWorker, _ servers: [ResidentServer]) {
        self.worker = worker
        let telemetry = worker.telemetry
        network = ResidentNetwork(servers)
        let client = FederationClient(
            serverName: Self.serverName, signingKey: worker.key,
            finder: ServerFinder(
                outbound: network, resolver: network, clock: telemetry.clock, random: telemetry.random),
            outbound: network)
        let keys = ResidentKeys(servers: servers)
        let verifier = EventVerifier(serverName: Self.serverName, ownKeys: OwnKeys(current: worker.key), keys: keys)
        remote = FederatedRooms(
            rooms: worker.rooms, client: client, verifier: verifier, keys: keys, telemetry: telemetry)
        state = RemoteState(rooms: worker.rooms, client: client, verifier: verifier, telemetry: telemetry)
        rooms = worker.rooms.reaching(remote)
    }

    func user(_ localpart: String) async throws -> UserRecord { try await worker.user(localpart) }

    func room(_ server: ResidentServer) async throws -> RoomRecord {
        try #require(try await rooms.reader.room(server.roomID))
    }

    func membership(of user: UserRecord, in server: ResidentServer) async throws -> Membership? {
        guard let room = try await rooms.reader.room(server.roomID) else { return nil }
        return try await rooms.reader.memberships.membership(of: user.nid, in: room.nid)?.record.membership
    }

    /// An invite of the user by anna, as it comes to a server that is not in the room.
    func invite(_ user: UserRecord, by server: ResidentServer) async throws {
        let invite = try server.add(
            EventType.member, user.userID.description, by: server.user("anna"), ["membership": "invite"])
        let room = try await rooms.ensureRoom(server.roomID, version: nil)
        _ = try await rooms.reader.memberships.setOutOfBand(
            .invite, of: user, in: room.nid, by: EventNID(0),
            strippedState: StrippedState.kept(of: server.events.prefix(1).map(\.json), with: invite), now: 1)
    }

    /// The room's state now, as ids.
    func state(_ server: ResidentServer) async throws -> Set<EventID> {
        let now = try #require(try await rooms.reader.current(try await room(server)))
        return Set(try await now.allEvents().map(\.eventID))
    }

    /// What the user reads from the newest message back, in pages.
    func messages(_ server: ResidentServer, for user: UserRecord, page limit: Int = 50) async throws -> [String] {
        let readable = try await rooms.readableRoom(server.roomID, by: user)
        var texts: [String] = []
        var from: TimelinePoint? = .end
        while let at = from {
            let page = try await rooms.page(
                of: readable, from: at, to: nil, direction: .backwards, limit: limit, matching: { _ in true })
            texts += page.events.compactMap { $0.event.content["body"]?.string }
            from = page.end
        }
        return texts
    }
}

/// The keys of the servers that there are.
struct ResidentKeys: RemoteKeys {
    let servers: [ResidentServer]

    func key(_ id: SigningKeyID, of server: ServerName, validAtMilliseconds: Int64) async throws -> Ed25519PublicKey? {
        servers.first { $0.name == server && $0.key.id == id }?.key.publicKey
    }
}

/// Servers by their names; whoever is not among them is not reached.
final class ResidentNetwork: OutboundRequests, NameResolver {
    private let servers: [ResidentServer]

    init(_ servers: [ResidentServer]) { self.servers = servers }

    func send(_ request: OutboundRequest) async throws -> OutboundResponse {
        try await withResponse(to: request) { head, stream in
            var body = ByteBuffer()
            for try await chunk in stream { body.writeImmutableBuffer(chunk) }
            return OutboundResponse(head: head, body: body)
        }
    }

    func withResponse<Result: Sendable>(
        to request: OutboundRequest, _ body: (OutboundResponseHead, BodyStream) async throws -> Result
    ) async throws -> Result {
        guard let server = servers.first(where: { $0.name.host == request.url.host }) else {
            throw OutboundError.connectionFailed("there is no such server")
        }
        let answer = try server.answer(request)
        let head = OutboundResponseHead(status: answer.status, headers: [:], url: request.url)
        return try await body(head, RequestBody.buffer(ByteBuffer(bytes: answer.body)).stream)
    }

    func addresses(of host: String) async throws(ResolverError) -> [IPAddress] { [] }
    func services(_ name: String) async throws(ResolverError) -> [ServiceRecord] { [] }
}
