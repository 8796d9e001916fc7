import Cluster
import MatrixCore
import NIOPosix
import Postgres
import Reactor
import Redis
import Rooms
import ServerConfiguration
import Storage
import Telemetry
import Transport

/// What every role rests on: the connections, the log as this process follows it, names and numbers.
package struct HomeserverCore: Sendable {
    let configuration: ServerConfiguration
    let worker: String
    let telemetry: Telemetry
    let reactor: Reactor
    let pool: PostgresPool
    let redis: RedisClient?
    let hints: any HintBus
    let installation: Installation
    let logStore: LogStore
    let feed: LogFeed
    let timeouts: Timeouts
    let interning: Interning
    let stores: AccountStores
    let keys: SigningKeyRing
    let server: LocalServer
    let resolver: SystemResolver
    /// Makes all of this process's own requests, so that what the operator allows holds for each.
    let requests: OutboundClient
    /// The same for identity servers, whose certificates a test may not check.
    let identityRequests: OutboundClient

    /// How long hints may wait in workers for which nobody waits: those then read many at once.
    static let relaxedHintRest = Duration.milliseconds(20)

    /// Connects, checks that the database is the one that the configuration means, and begins to follow the log.
    ///
    /// - Parameter hintRest: how long hints may wait after others were read.
    /// - Throws: `StartFailure` with what an operator should do.
    static func lay(
        _ configuration: ServerConfiguration, worker: String, migrates: Bool, hintRest: Duration, telemetry: Telemetry
    ) async throws -> HomeserverCore {
        let keys = try SigningKeyFile(path: configuration.signingKeyPath).loadOrCreate(telemetry.random)
        let reactor = try Reactor()
        let pool = DatabaseConnection.open(configuration, worker: worker, reactor: reactor, telemetry: telemetry)
        let installation = try await DatabaseConnection.check(
            pool, configuration, migrates: migrates, now: telemetry.clock.nowMilliseconds)
        var redis: RedisClient?
        var hints: any HintBus = NoHints()
        if let section = configuration.redis {
            var settings = RedisConfiguration(section.url)
            settings.subscriberRest = hintRest
            let client = RedisClient(settings, reactor: reactor, logger: telemetry.log.labelled("redis").logger)
            hints = RedisHints(client: client, telemetry: telemetry)
            redis = client
        }
        let resolver = SystemResolver()
        func client(verifiesTLS: Bool) throws -> OutboundClient {
            var outbound = OutboundConfiguration(configuration.outbound)
            outbound.verifiesTLS = verifiesTLS
            return try OutboundClient(
                outbound, resolver: resolver, eventLoopGroup: .singleton, telemetry: telemetry)
        }
        let requests = try client(verifiesTLS: configuration.outbound.verifiesTLS)
        let identityRequests =
            configuration.identity.verifiesTLS || !configuration.outbound.verifiesTLS
            ? requests : try client(verifiesTLS: false)
        let logStore = LogStore(pool: pool)
        let feed = try await LogFeed.start(
            installation: installation, store: logStore, hints: hints, telemetry: telemetry)
        return HomeserverCore(
            configuration: configuration, worker: worker, telemetry: telemetry, reactor: reactor, pool: pool,
            redis: redis,
            hints: hints, installation: installation, logStore: logStore, feed: feed,
            timeouts: Timeouts(clock: telemetry.clock),
            interning: Interning(pool: pool, shardCount: installation.shardCount),
            stores: AccountStores(pool: pool, rooms: RoomStore(pool: pool)), keys: keys,
            server: LocalServer(name: configuration.serverName, signingKey: keys.current),
            resolver: resolver, requests: requests, identityRequests: identityRequests)
    }

    func close() async {
        requests.shutDown()
        if identityRequests !== requests { identityRequests.shutDown() }
        await redis?.close()
        await pool.close()
        await reactor.shutdown()
    }
}

extension OutboundConfiguration {
    init(_ section: ServerConfiguration.Outbound) {
        self.init()
        addressPolicy = AddressPolicy(allowsPrivateAddresses: section.allowsPrivateAddresses)
        certificateAuthoritiesPath = section.certificateAuthoritiesPath
        verifiesTLS = section.verifiesTLS
    }
}

extension RedisConfiguration {
    init(_ url: RedisURL) {
        let endpoint: Endpoint =
            switch url.endpoint {
            case .tcp(let host, let port): .tcp(host: host, port: UInt16(clamping: port))
            case .unix(let path): .unix(path: path)
            }
        self.init(endpoint: endpoint, user: url.user, password: url.password?.text, database: url.database)
    }
}
