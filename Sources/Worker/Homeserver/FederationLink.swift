import Accounts
import Federation
import FederationAPI
import HTTPAPI
import MatrixCore
import Rooms
import ServerConfiguration
import Storage
import Telemetry
import Transport

/// Other servers: how they are found, asked, and believed. What every role that speaks to them rests on.
struct FederationLink: Sendable {
    let ownKeys: OwnKeys
    let client: FederationClient
    let keys: RemoteServerKeys
    let verifier: EventVerifier
    let heard: HeardServers
    /// Whether the operator lets us speak with a server.
    let isAllowed: @Sendable (ServerName) -> Bool

    /// `nil` when the operator wants no federation.
    init?(_ core: HomeserverCore) {
        let section = core.configuration.federation
        guard section.isEnabled else { return nil }
        isAllowed = Self.policy(section)
        ownKeys = OwnKeys(core.keys)
        let telemetry = core.telemetry
        let finder = ServerFinder(
            outbound: core.requests, resolver: core.resolver, clock: telemetry.clock, random: telemetry.random)
        client = FederationClient(
            serverName: core.server.name, signingKey: core.keys.current, finder: finder, outbound: core.requests,
            isAllowed: isAllowed)
        keys = RemoteServerKeys(
            serverName: core.server.name, store: ServerKeyStore(pool: core.pool), client: client,
            notaries: section.trustedKeyServers, telemetry: telemetry)
        verifier = EventVerifier(serverName: core.server.name, ownKeys: ownKeys, keys: keys)
        heard = HeardServers(
            store: DestinationStore(pool: core.pool), installation: core.installation, hints: core.hints,
            telemetry: telemetry)
    }

    private static func policy(_ section: ServerConfiguration.Federation) -> @Sendable (ServerName) -> Bool {
        let allowed = section.allow.compactMap { Glob($0) }
        let denied = section.deny.compactMap { Glob($0) }
        return { server in
            let name = server.description
            if denied.contains(where: { $0.matches(name) }) { return false }
            return allowed.isEmpty || allowed.contains { $0.matches(name) }
        }
    }
}

extension OwnKeys {
    init(_ ring: SigningKeyRing) {
        let old = ring.expired.map { expired in
            (
                expired.id,
                ServerKeys.OldKey(key: expired.publicKey, expiredMilliseconds: expired.expiredMilliseconds)
            )
        }
        self.init(current: ring.current, old: Dictionary(old, uniquingKeysWith: { newest, _ in newest }))
    }
}
