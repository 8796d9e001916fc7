import Cluster
package import FederationAPI
package import MatrixCore
package import Storage
import Synchronization
package import Telemetry

/// The keys of other servers: from memory, the database, the servers themselves, or notaries that the operator trusts.
///
/// Looking costs the other side a request, and us time, so there is one look for each server at a time, and after one that
/// did not help the next waits longer (`KeyPace`). In between the answer is that the key is not known.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#retrieving-server-keys
package final class RemoteServerKeys: RemoteKeys {
    /// Servers whose keys, or whose silence, are remembered.
    private static let maximumServers = 20_000
    /// Keys that are used and will not be valid for longer are asked for again in good time.
    private static let refreshMilliseconds: Int64 = 3600 * 1000
    /// A look that ends because the database knew may have been for another key.
    private static let maximumLooks = 2
    /// Servers that are asked at the same time. Whoever comes then has to do with what is known.
    private static let maximumFlights = 256

    private let serverName: ServerName
    let store: ServerKeyStore
    let client: FederationClient
    let notaries: [ServerName]
    let telemetry: Telemetry
    private let known = GenerationalCache<ServerName, KnownKeys>(maxWeight: maximumServers)
    private let paces = GenerationalCache<ServerName, KeyPace>(maxWeight: maximumServers)
    private let flights = Flights<ServerName, Landing>(atMost: maximumFlights)

    /// How a look ended.
    private enum Landing: Sendable {
        /// The database had the answer.
        case known
        /// Somebody was asked, or it was too early to ask again.
        case asked
        /// The wait was given up, or the look never began.
        case none
    }

    /// - Parameters:
    ///   - serverName: ours, whose keys are not looked for here.
    ///   - notaries: servers that are asked for the keys of servers that do not answer.
    package init(
        serverName: ServerName, store: ServerKeyStore, client: FederationClient, notaries: [ServerName],
        telemetry: Telemetry
    ) {
        self.serverName = serverName
        self.store = store
        self.client = client
        self.notaries = notaries.filter { $0 != serverName }
        self.telemetry = telemetry.labelled("keys")
    }

    /// Gives up what is under way, when the process stops.
    package func stop() { flights.stop() }

    package func key(
        _ id: SigningKeyID, of server: ServerName, validAtMilliseconds: Int64
    ) async throws -> Ed25519PublicKey? {
        guard server != serverName, id.isEd25519 else { return nil }
        let now = telemetry.clock.nowMilliseconds
        let wish = KeyWish(id: id, validAtMilliseconds: validAtMilliseconds)
        if let key = known[server]?.key(id, validAtMilliseconds: validAtMilliseconds) {
            refreshInTime(wish, of: server, now: now)
            return key
        }
        // No answer could make a key valid for longer than this.
        guard validAtMilliseconds <= now + ServerKeys.longestValidityMilliseconds else { return nil }
        for _ in 0..<Self.maximumLooks {
            guard await look(for: wish, of: server) == .known else { break }
            if let key = known[server]?.key(id, validAtMilliseconds: validAtMilliseconds) { return key }
        }
        try Task.checkCancellation()
        return known[server]?.key(id, validAtMilliseconds: validAtMilliseconds)
    }

    /// Asks a server for its keys again, if it is not too early for that; only the server itself.
    func refresh(_ server: ServerName, validAtMilliseconds: Int64) async {
        guard server != serverName else { return }
        _ = await look(for: KeyWish(id: nil, validAtMilliseconds: validAtMilliseconds), of: server)
    }

    /// A request that comes after the key has run out should not have to wait, nor depend on the server answering just then.
    private func refreshInTime(_ wish: KeyWish, of server: ServerName, now: Int64) {
        guard wish.validAtMilliseconds >= now, let id = wish.id, let validUntil = known[server]?.validUntil(id),
            validUntil - now < Self.refreshMilliseconds, pace(of: server).mayAsk(at: telemetry.clock.monotonic)
        else { return }
        let later = KeyWish(id: id, validAtMilliseconds: now + Self.refreshMilliseconds)
        flights.start(server) { await self.fetch(later, of: server) }
    }

    // MARK: Looking

    private func look(for wish: KeyWish, of server: ServerName) async -> Landing {
        let pace = pace(of: server)
        let now = telemetry.clock.monotonic
        guard pace.mayRead(at: now) || pace.mayAsk(at: now) else { return .none }
        return (try? await flights.join(server) { await self.fetch(wish, of: server) }) ?? Landing.none
    }

    private func fetch(_ wish: KeyWish, of server: ServerName) async -> Landing {
        var keys = known[server] ?? KnownKeys()
        if pace(of: server).mayRead(at: telemetry.clock.monotonic) {
            do {
                keys = KnownKeys(try await store.keys(of: server))
                known.keep(keys, for: server)
                change(server) { $0.didRead(at: telemetry.clock.monotonic) }
            } catch {
                telemetry.log.warning("cannot read the keys of a server", [.origin: "\(server)", .cause: "\(error)"])
                return .none
            }
        }
        if wish.isMet(by: keys) { return .known }
        guard pace(of: server).mayAsk(at: telemetry.clock.monotonic) else { return .asked }
        let answer = await ask(server, wish, &keys)
        known.keep(keys, for: server)
        change(server) { pace in
            pace.didAsk(answer, at: telemetry.clock.monotonic) { telemetry.random.jittered($0) }
        }
        return .asked
    }

    private func pace(of server: ServerName) -> KeyPace { paces[server] ?? KeyPace() }

    /// Only the one look that is under way for a server changes its pace.
    private func change(_ server: ServerName, _ body: (inout KeyPace) -> Void) {
        var pace = pace(of: server)
        body(&pace)
        paces.keep(pace, for: server)
    }
}

/// What somebody wants to know about the keys of a server.
struct KeyWish: Sendable {
    /// Nil: all of them, anew, from the server itself.
    let id: SigningKeyID?
    let validAtMilliseconds: Int64

    func isMet(by keys: KnownKeys) -> Bool {
        guard let id else { return false }
        return keys.key(id, validAtMilliseconds: validAtMilliseconds) != nil
    }
}
