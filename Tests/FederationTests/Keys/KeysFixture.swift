import ApusTesting
import Federation
import FederationAPI
import MatrixCore
import Postgres
import Reactor
import Storage
import Telemetry

/// A database, a network of servers, and the keys as workers of ours learn them.
struct KeysFixture: Sendable {
    let ours = ServerName("ours.example:1")!
    let ownKey = SigningKey(version: "own", seed: Array(repeating: 1, count: 32))!
    let theirs = KeyOwner("theirs.example:2", seed: 2)
    let notary = KeyOwner("notary.example:3", seed: 3, version: "n")
    let network = KeyNetwork()
    let clock = ManualClock()
    let pool: PostgresPool

    var now: Int64 { clock.nowMilliseconds }
    static let day: Int64 = 24 * 3600 * 1000

    var store: ServerKeyStore { ServerKeyStore(pool: pool) }

    var telemetry: Telemetry {
        Telemetry(log: .discarding, metrics: MetricsRegistry(), clock: clock, random: SeededRandomSource(seed: 1))
    }

    var client: FederationClient {
        FederationClient(
            serverName: ours, signingKey: ownKey,
            finder: ServerFinder(
                outbound: network, resolver: network, clock: clock, random: SeededRandomSource(seed: 1)),
            outbound: network)
    }

    /// What one worker knows. Another has the same database and its own memory.
    func worker(notaries: [ServerName] = []) -> RemoteServerKeys {
        RemoteServerKeys(serverName: ours, store: store, client: client, notaries: notaries, telemetry: telemetry)
    }

    /// Has a server publish its keys for some time to come.
    func publish(_ owner: KeyOwner, for milliseconds: Int64 = day, old: [SigningKeyID: ServerKeys.OldKey] = [:]) throws
    {
        let body = try String(
            decoding: owner.published(validUntil: now + milliseconds, old: old).canonicalBytes, as: UTF8.self)
        network.serve(owner.name) { _ in (200, body) }
    }

    func serve(_ name: ServerName, _ object: JSONValue) {
        let body = String(decoding: object.canonicalBytes, as: UTF8.self)
        network.serve(name) { _ in (200, body) }
    }

    static func with(_ body: (KeysFixture) async throws -> Void) async throws {
        let reactor = try Reactor()
        try await TestDatabase.with { database in
            let pool = PostgresPool(
                PostgresConfiguration(conninfo: database.url), reactor: reactor, logger: Log.discarding.logger)
            _ = try await Migrator(pool: pool).migrate(serverName: ServerName("ours.example:1")!, now: 1)
            try await body(KeysFixture(pool: pool))
            await pool.close()
        }
        await reactor.shutdown()
    }
}
