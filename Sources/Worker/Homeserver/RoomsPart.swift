import ClientEndpoints
import Cluster
import Directory
import Federation
import MatrixCore
import Rooms
import ServerConfiguration
import Storage
import Telemetry

/// Rooms and what is done in them.
struct RoomsPart: Sendable {
    let service: RoomService
    let directory: RoomDirectory
    let spaces: SpaceServices
    let upgrades: UpgradeServices
    let reports: Reports
    let endpoints: RoomEndpointServices
    let delayed: DelayedEvents
    let thirdParty: ThirdPartyInvites

    init(_ core: HomeserverCore, notifications: any NotificationPolicy, federation: FederationLink?) async throws {
        let reader = RoomReader(
            store: core.stores.rooms, eventStore: EventStore(pool: core.pool), interning: core.interning,
            memberships: MembershipStore(pool: core.pool), feed: core.feed)
        let serverNID = try await core.interning.server(core.server.name)
        let writing = RoomWriting(
            reader: reader, numbers: NumberBlocks(pool: core.pool), feed: core.feed, server: core.server,
            localServerNID: serverNID, notifications: notifications, sticky: StickyEventStore(pool: core.pool),
            forgetsOnLeave: core.configuration.rooms.forgetsOnLeave, telemetry: core.telemetry)
        let installation = core.installation
        let local = RoomService(
            writing: writing, profiles: core.stores.profiles, accountData: core.stores.accountData, remote: nil
        ) { token, shard in
            let decoded = SyncToken.ofAnySync(
                token, incarnation: installation.incarnation, shards: Int(installation.shardCount))
            return decoded?.log[shard]
        }.following(
            RoomSuccession(
                accountData: core.stores.accountData, pushRules: PushRuleStore(pool: core.pool),
                names: DirectoryStore(pool: core.pool), feed: core.feed,
                telemetry: core.telemetry))
        service =
            if let federation {
                local.reaching(
                    FederatedRooms(
                        rooms: local, client: federation.client, verifier: federation.verifier, keys: federation.keys,
                        telemetry: core.telemetry))
            } else {
                local
            }
        directory = RoomDirectory(
            store: DirectoryStore(pool: core.pool), rooms: service,
            policy: DirectoryPolicy(core.configuration.roomDirectory.publish),
            isShownToAnyone: core.configuration.roomDirectory.isAnonymous,
            remote: federation.map { FederatedDirectory(client: $0.client, clock: core.telemetry.clock) })
        spaces = SpaceServices(
            rooms: service,
            hierarchies: SpaceHierarchies(directory: directory, pages: HierarchyPageStore(pool: core.pool)))
        upgrades = UpgradeServices(rooms: service, upgrades: RoomUpgrades(rooms: service, names: directory))
        reports = Reports(rooms: service, store: ReportStore(pool: core.pool))
        delayed = DelayedEvents(
            rooms: service, store: DelayedEventStore(pool: core.pool), limits: .init(core.configuration.delayedEvents))
        thirdParty = ThirdPartyInvites(
            rooms: service, identity: IdentityServerClient(requests: core.identityRequests), client: federation?.client,
            telemetry: core.telemetry)
        endpoints = RoomEndpointServices(
            rooms: service, aliases: directory,
            defaultVersion: RoomVersion(core.configuration.rooms.defaultVersion) ?? .default, delayed: delayed,
            thirdParty: thirdParty)
    }

    /// Sends delayed events, and takes guests out of rooms that have closed to them, as this worker's share of that work.
    func duties(_ core: HomeserverCore) -> [DutyRunner] {
        let upkeep = StickyEventUpkeep(store: StickyEventStore(pool: core.pool), clock: core.telemetry.clock)
        let duties: [any Duty] = [
            DelayedEventDuty(delayed, sticky: upkeep, shardCount: core.installation.shardCount),
            GuestDepartures(
                rooms: service, guests: GuestStore(pool: core.pool), feed: core.feed, telemetry: core.telemetry),
        ]
        return duties.map { duty in
            DutyRunner(
                duty: duty, worker: core.worker, leases: LeaseStore(pool: core.pool), timeouts: core.timeouts,
                telemetry: core.telemetry)
        }
    }
}

extension DelayedEvents.Limits {
    init(_ section: ServerConfiguration.DelayedEvents) {
        self.init(
            maxDelayMilliseconds: section.maxDelay.components.seconds * 1000, maxScheduled: section.maxScheduled)
    }
}

extension DirectoryPolicy {
    fileprivate init(_ publisher: ServerConfiguration.RoomDirectory.Publisher) {
        switch publisher {
        case .everyone: self = .everyone
        case .administrators: self = .administrators
        case .nobody: self = .nobody
        }
    }
}
