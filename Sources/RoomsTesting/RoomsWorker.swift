package import ApusTesting
package import Cluster
package import MatrixCore
package import Postgres
package import Rooms
package import Storage
package import Telemetry

/// One worker of a test as far as rooms need it: it follows the log and writes rooms.
package struct RoomsWorker: Sendable {
    package let pool: PostgresPool
    package let installation: Installation
    package let telemetry: Telemetry
    package let feed: LogFeed
    package let timeouts: Timeouts
    package let rooms: RoomService

    /// Decides whom events notify, on what the worker rests on.
    package typealias Policy = (Interning, LogFeed) -> any NotificationPolicy

    package var serverName: ServerName { installation.serverName }
    package var log: LogStore { LogStore(pool: pool) }
    package var interning: Interning { rooms.reader.interning }
    package var memberships: MembershipStore { rooms.reader.memberships }
    package var key: SigningKey { rooms.server.signingKey }

    /// Runs `body` with a database of its own and one worker on it.
    package static func with(
        _ name: String = "example.org", _ body: (RoomsWorker) async throws -> Void
    ) async throws {
        try await MigratedDatabase.with(name) { database in
            let worker = try await RoomsWorker(on: database)
            do { try await body(worker) } catch {
                await worker.pool.close()
                throw error
            }
            await worker.pool.close()
        }
    }

    /// One more worker on a database; whoever makes it closes its pool.
    package init(
        on database: MigratedDatabase, telemetry: Telemetry = .silent(), hints: any HintBus = NoHints(),
        policy: Policy = { _, _ in NobodyIsNotified() }, forgetsOnLeave: Bool = false
    ) async throws {
        try await self.init(
            pool: database.pool(), telemetry: telemetry, hints: hints, policy: policy, forgetsOnLeave: forgetsOnLeave)
    }

    package init(
        pool: PostgresPool, telemetry: Telemetry = .silent(), hints: any HintBus = NoHints(),
        policy: Policy = { _, _ in NobodyIsNotified() }, forgetsOnLeave: Bool = false
    ) async throws {
        let log = LogStore(pool: pool)
        guard let installation = try await log.installation(),
            let key = SigningKey(version: "a", seed: Array(repeating: 7, count: 32))
        else { throw TestingError("the database holds no installation") }
        self.pool = pool
        self.installation = installation
        self.telemetry = telemetry
        feed = try await LogFeed.start(installation: installation, store: log, hints: hints, telemetry: telemetry)
        timeouts = Timeouts(clock: telemetry.clock)
        let interning = Interning(pool: pool, shardCount: installation.shardCount)
        let reader = RoomReader(
            store: RoomStore(pool: pool), eventStore: EventStore(pool: pool), interning: interning,
            memberships: MembershipStore(pool: pool), feed: feed)
        let writing = RoomWriting(
            reader: reader, numbers: NumberBlocks(pool: pool), feed: feed,
            server: LocalServer(name: installation.serverName, signingKey: key),
            localServerNID: try await interning.server(installation.serverName),
            notifications: policy(interning, feed), sticky: StickyEventStore(pool: pool),
            forgetsOnLeave: forgetsOnLeave, telemetry: telemetry)
        rooms = RoomService(
            writing: writing, profiles: ProfileStore(pool: pool), accountData: AccountDataStore(pool: pool), remote: nil
        ) { token, shard in
            let decoded = SyncToken.ofAnySync(
                token, incarnation: installation.incarnation, shards: Int(installation.shardCount))
            return decoded?.log[shard]
        }
    }

    /// Follows the log while `body` runs, and runs what is given beside it.
    package func following<Value: Sendable>(
        beside services: [@Sendable () async -> Void] = [], _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            for service in [feed.run, timeouts.run] + services {
                group.addTask {
                    await service()
                    return nil
                }
            }
            group.addTask { try await body() }
            var result: Value?
            while result == nil, let next = try await group.next() { result = next }
            group.cancelAll()
            guard let result else { throw CancellationError() }
            return result
        }
    }
}

/// The rule of a server on which nothing notifies anybody.
package struct NobodyIsNotified: NotificationPolicy {
    package init() {}

    package func decide(
        for event: Event, number: EventNID, in room: RoomRecord, members: [UserNID], state: RoomSnapshot
    ) async throws -> NotificationDecision { .silent }
}
