import Accounts
import AdminEndpoints
import ClientEndpoints
import Cluster
import Federation
import HTTPAPI
import MatrixCore
import Push
import Rooms
import ServerConfiguration
import Storage
import Telemetry

/// Accounts, and who may call what how often.
struct AccountsPart: Sendable {
    let services: AccountServices
    let administration: AdminServices
    let discovery: DiscoveryServices
    let tokens: AccessTokens
    let sightings: DeviceSightings
    let hasher: PasswordHasher
    let limiter: any RateLimiter

    init(_ core: HomeserverCore, rooms: RoomsPart, push: PushPart, federation: FederationLink?) {
        let configuration = core.configuration
        hasher = PasswordHasher(cost: configuration.passwords.cost == .standard ? .standard : .minimum)
        limiter = Self.limiter(configuration.rateLimits, clock: core.telemetry.clock)
        var setup = AccountSetup(
            serverName: configuration.serverName,
            registration: RegistrationPolicy(
                isOpen: configuration.registration.isOpen, requiresToken: configuration.registration.requiresToken,
                allowsGuests: configuration.registration.allowsGuests,
                terms: PolicyDocument.all(of: configuration.registration.terms)),
            publicBaseURL: configuration.publicBaseURL.text, hasher: hasher, limiter: limiter, feed: core.feed,
            interning: core.interning, stores: core.stores, telemetry: core.telemetry)
        let follower = AccountFollower(rooms: rooms.service, log: core.telemetry.log)
        let rules = push.rules
        setup.accountDataSources = ["m.push_rules": { user in try await rules.content(of: user) }]
        setup.remoteProfiles = federation.map {
            FederatedProfiles(client: $0.client, clock: core.telemetry.clock)
        }
        setup.accountObserver = follower
        let services = AccountServices(setup)
        self.services = services
        administration = AdminServices(
            accounts: services,
            sharedSecret: configuration.registration.sharedSecret.map {
                services.sharedSecretRegistration($0.text, setup)
            })
        var discovery = DiscoveryServices(
            publicBaseURL: configuration.publicBaseURL.text, defaultRoomVersion: configuration.rooms.defaultVersion,
            delayedEvents: rooms.delayed.limits, forgetsOnLeave: configuration.rooms.forgetsOnLeave)
        discovery.support = SupportInformation(configuration.support)
        discovery.policyServerKey = configuration.policyServer.ed25519
        self.discovery = discovery
        sightings = DeviceSightings(devices: core.stores.devices, telemetry: core.telemetry)
        tokens = AccessTokens(
            devices: core.stores.devices, feed: core.feed, sightings: sightings, telemetry: core.telemetry)
    }

    private static func limiter(_ limits: ServerConfiguration.RateLimits, clock: any Clock) -> any RateLimiter {
        var budgets: [RateLimitClass: RateBudget] = [:]
        for kind in ServerConfiguration.RateLimits.Kind.allCases {
            guard let limit = limits[kind], let name = RateLimitClass(rawValue: kind.rawValue) else { continue }
            budgets[name] = RateBudget(perSecond: limit.perSecond, burst: limit.burst)
        }
        return budgets.isEmpty ? UnlimitedRate() : TokenBuckets(budgets, clock: clock)
    }
}

extension PolicyDocument {
    /// The documents of a configuration, in its order.
    fileprivate static func all(of terms: [ServerConfiguration.Terms]) -> [PolicyDocument] {
        var documents: [PolicyDocument] = []
        for entry in terms where !documents.contains(where: { $0.id == entry.policy }) {
            documents.append(
                PolicyDocument(
                    id: entry.policy, version: entry.version,
                    translations: terms.filter { $0.policy == entry.policy }.map {
                        Translation(language: $0.language, name: $0.name, url: $0.url)
                    }))
        }
        return documents
    }
}

extension SupportInformation {
    fileprivate init?(_ section: ServerConfiguration.Support) {
        self.init(
            contacts: section.contacts.map { contact in
                Contact(role: contact.role, userID: contact.userID, emailAddress: contact.emailAddress)
            }, page: section.page)
    }
}
