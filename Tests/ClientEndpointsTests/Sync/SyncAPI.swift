import ApusTesting
import ClientEndpoints
import Cluster
import Ephemeral
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Postgres
import Rooms
import Storage
import Sync
import Telemetry

/// The endpoints about rooms and about following them as a client meets them. A token is the localpart of its user, after
/// `suspended.` that of a user who is suspended.
struct SyncAPI: Sendable {
    static let serverName = ServerName("example.org")!

    struct Answer: Sendable {
        let status: Int
        let body: JSONValue
        var errcode: String? { body["errcode"]?.string }
        subscript(_ name: String) -> JSONValue? { body[name] }
    }

    let router: Router

    private struct Tokens: UserAuthenticator {
        let interning: Interning

        func user(presenting token: AccessToken, in request: CallerRequest) async throws -> LocalUser? {
            let isSuspended = token.secret.hasPrefix("suspended.")
            let name = isSuspended ? token.secret.dropFirst("suspended.".count) : token.secret[...]
            guard let userID = UserID("@\(name):example.org") else { return nil }
            return LocalUser(
                userID: userID, userNID: try await interning.user(userID).nid, deviceID: "D", tokenID: 1,
                isSuspended: isSuspended)
        }
    }

    private struct NobodyIsNotified: NotificationPolicy {
        func decide(
            for event: Event, number: EventNID, in room: RoomRecord, members: [UserNID], state: RoomSnapshot
        ) async throws -> NotificationDecision { .silent }
    }

    static func with(_ body: @escaping @Sendable (SyncAPI) async throws -> Void) async throws {
        let telemetry = Telemetry(
            log: .discarding, metrics: MetricsRegistry(), clock: SystemClock(), random: SystemRandomSource())
        try await MigratedDatabase.with { database in
            let pool = database.pool()
            let log = LogStore(pool: pool)
            guard let installation = try await log.installation() else { throw TestingError("no installation") }
            let feed = try await LogFeed.start(
                installation: installation, store: log, hints: NoHints(), telemetry: telemetry)
            let timeouts = Timeouts(clock: telemetry.clock)
            let rooms = try await roomService(pool, feed, telemetry)
            let watches = UserWatches(
                feed: feed, memberships: rooms.reader.memberships, timeouts: timeouts, clock: telemetry.clock)
            let bus = EphemeralBus(incarnation: installation.incarnation, hints: NoHints(), clock: telemetry.clock)
            let typing = Typing(bus: bus, watches: watches, clock: telemetry.clock)
            let receipts = ReceiptStore(pool: pool)
            let sync = SyncService(
                SyncSetup(
                    rooms: rooms, typing: typing, feed: feed, watches: watches, timeouts: timeouts, log: log,
                    receipts: receipts, accountData: AccountDataStore(pool: pool), filters: FilterStore(pool: pool),
                    pushRules: { _ in nil }, telemetry: telemetry))
            let environment = EndpointEnvironment(
                authenticators: Authenticators(users: Tokens(interning: rooms.reader.interning)))
            let services = SyncEndpointServices(
                sync: sync, typing: RoomTyping(rooms: rooms, typing: typing),
                receipts: Receipts(rooms: rooms, store: receipts, feed: feed, clock: telemetry.clock))
            let aliases = NoAliases()
            let endpoints =
                ServedEndpoint.all(SyncEndpoints.all, with: services, in: environment)
                + ServedEndpoint.all(
                    RoomEndpoints.all,
                    with: RoomEndpointServices(rooms: rooms, aliases: aliases, defaultVersion: .default),
                    in: environment)
            let api = SyncAPI(router: try Router(endpoints, telemetry: telemetry))
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for service in [feed.run, timeouts.run] as [@Sendable () async -> Void] {
                    group.addTask {
                        await service()
                        return false
                    }
                }
                group.addTask {
                    try await body(api)
                    return true
                }
                while let isOver = try await group.next(), !isOver {}
                group.cancelAll()
            }
            await pool.close()
        }
    }

    private static func roomService(
        _ pool: PostgresPool, _ feed: LogFeed, _ telemetry: Telemetry
    ) async throws -> RoomService {
        let interning = Interning(pool: pool, shardCount: feed.installation.shardCount)
        let reader = RoomReader(
            store: RoomStore(pool: pool), eventStore: EventStore(pool: pool), interning: interning,
            memberships: MembershipStore(pool: pool), feed: feed)
        guard let key = SigningKey(version: "a", seed: Array(repeating: 7, count: 32)) else {
            throw TestingError("no key")
        }
        let writing = RoomWriting(
            reader: reader, numbers: NumberBlocks(pool: pool), feed: feed,
            server: LocalServer(name: serverName, signingKey: key),
            localServerNID: try await interning.server(serverName), notifications: NobodyIsNotified(),
            telemetry: telemetry)
        return RoomService(writing: writing, profiles: ProfileStore(pool: pool), remote: nil) { _, _ in nil }
    }

    /// - Parameter user: the localpart of who asks.
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, as user: String? = nil
    ) async -> Answer {
        var headers: HTTPFields = [:]
        if let user { headers[.authorization] = "Bearer \(user)" }
        let text = body.map { String(decoding: $0.canonicalBytes, as: UTF8.self) }
        let response = await router.respond(
            to: ServerRequest(
                method: method, target: "/_matrix/client/v3" + path, headers: headers, clientAddress: "192.0.2.1",
                body: text.map { .buffer(ByteBuffer(string: $0)) } ?? .empty))
        guard case .buffer(let buffer) = response.body else { return Answer(status: response.status.code, body: nil) }
        let json = try? JSONValue(parsing: Array(buffer.readableBytesView))
        return Answer(status: response.status.code, body: json ?? nil)
    }

    /// A public room of `user`, and an event in it.
    func room(by user: String) async throws -> (room: String, event: String) {
        let created = await ask(.post, "/createRoom", ["preset": "public_chat"], as: user)
        guard let room = created["room_id"]?.string else { throw TestingError("not created: \(created)") }
        let sent = await ask(
            .put, "/rooms/\(room)/send/m.room.message/1", ["msgtype": "m.text", "body": "hello"], as: user)
        guard let event = sent["event_id"]?.string else { throw TestingError("not sent: \(sent)") }
        return (room, event)
    }
}

/// A server without aliases.
private struct NoAliases: RoomAliasing {
    func resolve(_ alias: RoomAlias) async throws -> (roomID: RoomID, servers: [ServerName]) {
        throw MatrixError.notFound()
    }
    func permitsPublishing(isAdministrator: Bool) -> Bool { isAdministrator }
    func isTaken(_ alias: RoomAlias) async throws -> Bool { false }
    func reserve(_ alias: RoomAlias, for room: RoomRecord, by user: UserRecord) async throws {}
    func release(_ alias: RoomAlias) async throws {}
    func publish(_ room: RoomRecord) async throws {}
}
