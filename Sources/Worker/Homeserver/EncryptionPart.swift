import Accounts
import ClientEndpoints
import Encryption
import Federation
import FederationEndpoints
import HTTPAPI
import Rooms
import ServerConfiguration
import Storage
import Telemetry

/// What users need of each other to write to their devices: keys.
struct EncryptionPart: Sendable {
    let endpoints: EncryptionEndpointServices
    let federation: FederatedKeyServices
    let keyCounts: KeyCountMemory

    /// - Parameters:
    ///   - federation: `nil` where there is none.
    ///   - followed: what is kept of other servers' users.
    init(
        _ core: HomeserverCore, accounts: AccountsPart, federation: FederationLink?, followed: (any FollowedKeys)?
    ) {
        let clock = core.telemetry.clock
        let store = DeviceKeyStore(pool: core.pool)
        let crossSigning = CrossSigningStore(pool: core.pool)
        let remote = federation.map { FederatedKeys(client: $0.client, clock: clock) }
        let queries = KeyQueries(
            serverName: core.server.name, store: store, interning: core.interning, remote: remote, followed: followed,
            clock: clock)
        let claims = KeyClaims(
            serverName: core.server.name, store: store, interning: core.interning, feed: core.feed, remote: remote,
            clock: clock)
        endpoints = EncryptionEndpointServices(
            uploads: KeyUploads(store: store, interning: core.interning, feed: core.feed, clock: clock),
            queries: queries, claims: claims,
            crossSigning: CrossSigningUploads(
                keys: store, store: crossSigning, interning: core.interning, feed: core.feed, clock: clock),
            signatures: SignatureUploads(store: crossSigning, queries: queries, feed: core.feed, clock: clock),
            interactive: accounts.services.interactive)
        self.federation = FederatedKeyServices(
            queries: queries, claims: claims, namesDevices: core.configuration.federation.sharesDeviceNames)
        keyCounts = KeyCountMemory(store: store, feed: core.feed)
    }
}
