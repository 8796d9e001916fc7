import ApusTesting
import ClientEndpoints
import Cluster
import Directory
import Encryption
import EndpointsTesting
import Ephemeral
import Federation
import HTTPAPI
import HTTPTypes
import MatrixCore
import Postgres
import Push
import Rooms
import RoomsTesting
import Search
import Storage
import Sync
import Telemetry

/// The endpoints about rooms and about following them as a client meets them.
struct SyncAPI: Sendable {
    static let serverName = ServerName("example.org")!

    let router: Router
    let worker: RoomsWorker
    /// Takes what happened into the indexes of the searches.
    let index: @Sendable () async throws -> Void

    /// - Parameter counter: is told of what is asked of the database.
    static func with(
        counter: StatementCounter? = nil, _ body: @escaping @Sendable (SyncAPI) async throws -> Void
    ) async throws {
        try await MigratedDatabase.with(serverName.description) { database in
            let pool = database.pool(observer: counter)
            var policy: Notifications?
            let worker = try await RoomsWorker(pool: pool) { interning, feed in
                let notifications = Notifications(
                    rules: PushRuleStore(pool: pool), accountData: AccountDataStore(pool: pool),
                    memberships: MembershipStore(pool: pool), interning: interning, feed: feed)
                policy = notifications
                return notifications
            }
            let ephemeral = EphemeralParts(worker)
            guard let policy else { throw TestingError("nobody decides whom events notify") }
            let api = SyncAPI(router: try router(worker, ephemeral, policy), worker: worker) {
                let messages = MessageIndexDuty(
                    store: SearchStore(pool: worker.pool), feed: worker.feed, telemetry: worker.telemetry)
                let users = UserDirectoryDuty(
                    store: UserDirectoryStore(pool: worker.pool), rooms: worker.rooms, feed: worker.feed)
                for shard in 0..<worker.installation.shardCount {
                    let rows = try await worker.log.rows(of: shard, after: 0)
                    try await messages.take(rows)
                    try await users.take(rows)
                }
            }
            try await worker.following(beside: [
                ephemeral.presence.presence.run, ephemeral.wakes.run, ephemeral.deviceWakes.run,
            ]) {
                try await body(api)
            }
            await pool.close()
        }
    }

    private static func router(
        _ worker: RoomsWorker, _ ephemeral: EphemeralParts, _ notifications: Notifications
    ) throws -> Router {
        let rooms = worker.rooms
        var setup = SyncSetup(
            rooms: rooms, typing: ephemeral.typing, feed: worker.feed, watches: ephemeral.watches,
            timeouts: worker.timeouts, log: worker.log, receipts: ephemeral.receiptStore,
            accountData: AccountDataStore(pool: worker.pool), filters: FilterStore(pool: worker.pool),
            pushRules: { _ in nil }, telemetry: worker.telemetry)
        setup.presence = ephemeral.presence
        setup.devices.lists = ephemeral.deviceLists
        let sync = SyncService(setup)
        let directory = RoomDirectory(store: DirectoryStore(pool: worker.pool), rooms: rooms, policy: .everyone)
        let stream = EventStreamServices(stream: EventStream(setup, sync: sync), directory: directory)
        let environment = EndpointEnvironment(
            authenticators: Authenticators(users: NamesAsTokens(interning: worker.interning)))
        let threads = ThreadSubscriptions(
            rooms: rooms, store: ThreadSubscriptionStore(pool: worker.pool), feed: worker.feed,
            clock: worker.telemetry.clock)
        let services = SyncEndpointServices(
            sync: sync,
            sliding: SlidingSyncService(setup, states: SlidingStateStore(pool: worker.pool), threads: threads),
            threads: threads, keyChanges: KeyChanges(setup), typing: RoomTyping(rooms: rooms, typing: ephemeral.typing),
            receipts: ephemeral.receipts,
            presence: ephemeral.presence.presence)
        let presence = UserPresence(
            presence: ephemeral.presence.presence, memberships: worker.memberships, interning: worker.interning)
        let search = SearchServices(
            messages: MessageSearch(store: SearchStore(pool: worker.pool), rooms: rooms),
            users: UserDirectory(store: UserDirectoryStore(pool: worker.pool), rooms: rooms))
        var roomServices = RoomEndpointServices(
            rooms: rooms, aliases: NoAliases(), defaultVersion: .default, delayed: worker.delayedEvents(),
            thirdParty: ThirdPartyInvites(
                rooms: rooms, identity: IdentityServerClient(requests: SilentNetwork()), client: nil,
                telemetry: worker.telemetry))
        roomServices.presence = ephemeral.presence.presence
        let endpoints =
            ServedEndpoint.all(SyncEndpoints.all, with: services, in: environment)
            + ServedEndpoint.all(PresenceEndpoints.all, with: presence, in: environment)
            + ServedEndpoint.all(SearchEndpoints.all, with: search, in: environment)
            + ServedEndpoint.all(EventStreamEndpoints.all, with: stream, in: environment)
            + ServedEndpoint.all(RoomEndpoints.all, with: roomServices, in: environment)
            + besides(worker, directory, notifications, in: environment)
        return try Router(endpoints, telemetry: worker.telemetry)
    }

    /// - Parameter user: who asks, as `NamesAsTokens` reads it.
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, as user: String? = nil
    ) async -> EndpointAnswer {
        await ask(method, at: "/_matrix/client/v3" + path, body, as: user)
    }

    /// - Parameter target: the whole path.
    func ask(
        _ method: HTTPRequest.Method, at target: String, _ body: JSONValue? = nil, as user: String? = nil
    ) async -> EndpointAnswer {
        await router.ask(method, target, body, token: user)
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
