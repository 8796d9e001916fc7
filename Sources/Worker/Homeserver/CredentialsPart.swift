import Accounts
import ClientEndpoints
import HTTPAPI
import ServerConfiguration
import Storage
import Telemetry

/// What users can have to show elsewhere: who they are, and that they may use the relays for calls.
struct CredentialsPart: Sendable {
    let openID: OpenIDTokens
    private let relays: RelayCredentials?

    init(_ core: HomeserverCore) {
        openID = OpenIDTokens(store: OpenIDStore(pool: core.pool), telemetry: core.telemetry)
        let section = core.configuration.turn
        relays =
            if let secret = section.sharedSecret, !section.uris.isEmpty {
                RelayCredentials(
                    uris: section.uris, secret: secret.text, lifetime: section.timeToLive,
                    allowsGuests: section.allowsGuests, clock: core.telemetry.clock)
            } else {
                nil
            }
    }

    func endpoints(in environment: EndpointEnvironment) -> [ServedEndpoint] {
        ServedEndpoint.all(
            CredentialEndpoints.all, with: CredentialServices(openID: openID, relays: relays), in: environment)
    }
}
