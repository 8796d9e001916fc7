import Accounts
import AdminEndpoints
import ClientEndpoints
import Cluster
import DeviceMessages
import Encryption
import Ephemeral
import Federation
package import HTTPAPI
import MatrixCore
import Media
import MediaEndpoints
import Push
import Rooms
package import ServerConfiguration
import Storage
import Sync
package import Telemetry

/// One homeserver as one process runs it: everything hangs off this value, so that a process can run several.
package struct Homeserver: Sendable {
    let core: HomeserverCore
    let roles: Set<WorkerRole>
    let accounts: AccountsPart
    let credentials: CredentialsPart
    let backups: BackupPart
    let encryption: EncryptionPart
    let rooms: RoomsPart
    let sync: SyncPart
    let toDevice: ToDevicePart
    /// Forgets messages to devices; `nil` in a worker without the role of background work.
    let forgetting: DutyRunner?
    let push: PushPart
    /// Sends notifications; `nil` in a worker without that role.
    let pushing: DutyRunner?
    /// Delayed events and the like; none in a worker without the role of background work.
    let roomDuties: [DutyRunner]
    let search: SearchPart
    /// Keep what is searched, and show profiles in rooms; none in a worker without the role of background work.
    let indexing: [DutyRunner]
    /// `nil` in a worker without that role.
    let media: MediaPart?
    /// `nil` where there is no federation.
    let federation: FederationLink?
    let federationReader: FederationReaderPart?
    let federationSender: FederationSenderPart?

    /// Connects and builds what the roles need. Nothing is listened to yet.
    ///
    /// - Throws: `StartFailure` with what an operator should do.
    package static func open(
        _ configuration: ServerConfiguration, worker: String, roles: Set<WorkerRole>, migrates: Bool,
        telemetry: Telemetry
    ) async throws -> Homeserver {
        let core = try await HomeserverCore.lay(
            configuration, worker: worker, migrates: migrates,
            hintRest: roles.contains(.clientAPI) ? .zero : HomeserverCore.relaxedHintRest, telemetry: telemetry)
        let push = PushPart(core)
        let federation = FederationLink(core)
        let rooms = try await RoomsPart(core, notifications: push.notifications, federation: federation)
        let accounts = AccountsPart(core, rooms: rooms, push: push, federation: federation)
        let credentials = CredentialsPart(core)
        let deviceLists = DeviceListsPart(core, rooms: rooms, federation: federation)
        let encryption = EncryptionPart(
            core, accounts: accounts, federation: federation, followed: federation.map { _ in deviceLists.remote })
        let rules = push.rules
        let toDevice = ToDevicePart(core)
        let sync = SyncPart(
            core, roles: roles, accounts: accounts, rooms: rooms, encryption: encryption, toDevice: toDevice
        ) { user in
            try await rules.content(of: user)
        }
        let pushing = roles.contains(.push) ? push.sending(core, rooms: rooms) : nil
        let roomDuties = roles.contains(.push) ? rooms.duties(core) : []
        let search = SearchPart(core, rooms: rooms)
        let media = roles.contains(.media) ? try await MediaPart(core) : nil
        return Homeserver(
            core: core, roles: roles, accounts: accounts, credentials: credentials, backups: BackupPart(core),
            encryption: encryption,
            rooms: rooms, sync: sync, toDevice: toDevice,
            forgetting: roles.contains(.push) ? toDevice.upkeep(core) : nil, push: push, pushing: pushing,
            roomDuties: roomDuties, search: search, indexing: roles.contains(.push) ? search.duties(core) : [],
            media: media, federation: federation,
            federationReader: federation.flatMap { link in
                roles.contains(.federationReader)
                    ? FederationReaderPart(
                        core, link: link, accounts: accounts, openID: credentials.openID, rooms: rooms, sync: sync,
                        encryption: encryption, deviceLists: deviceLists, toDevice: toDevice)
                    : nil
            },
            federationSender: federation.flatMap { link in
                roles.contains(.federationSender)
                    ? FederationSenderPart(
                        core, link: link, rooms: rooms, sync: sync, toDevice: toDevice, deviceLists: deviceLists)
                    : nil
            })
    }

    /// The endpoints of some of the APIs, as far as this process has the role for them.
    package func endpoints(of apis: Set<ServerConfiguration.Listener.API>) -> [ServedEndpoint] {
        var endpoints = [
            OperationalEndpoints.health(), OperationalEndpoints.ready { await core.whatIsMissing() },
        ]
        if apis.contains(.client), roles.contains(.clientAPI) { endpoints += clientEndpoints }
        if apis.contains(.media), let media {
            endpoints += ServedEndpoint.all(MediaEndpoints.all, with: media.endpoints, in: environment)
        }
        if apis.contains(.federation), let federationReader {
            endpoints += federationReader.endpoints(in: environment)
        }
        return endpoints
    }

    private var environment: EndpointEnvironment {
        EndpointEnvironment(
            authenticators: Authenticators(users: accounts.tokens, servers: federationReader?.authenticator),
            rateLimiter: accounts.limiter)
    }

    private var clientEndpoints: [ServedEndpoint] {
        ServedEndpoint.all(AccountEndpoints.all, with: accounts.services, in: environment)
            + ServedEndpoint.all(AdminEndpoints.all, with: accounts.administration, in: environment)
            + ServedEndpoint.all(DiscoveryEndpoints.all, with: accounts.discovery, in: environment)
            + credentials.endpoints(in: environment) + backups.endpoints(in: environment)
            + ServedEndpoint.all(EncryptionEndpoints.all, with: encryption.endpoints, in: environment)
            + ServedEndpoint.all(RoomEndpoints.all, with: roomEndpoints, in: environment)
            + ServedEndpoint.all(DirectoryEndpoints.all, with: rooms.directory, in: environment)
            + ServedEndpoint.all(SpaceEndpoints.all, with: rooms.spaces, in: environment)
            + ServedEndpoint.all(UpgradeEndpoints.all, with: rooms.upgrades, in: environment)
            + ServedEndpoint.all(ReportEndpoints.all, with: rooms.reports, in: environment)
            + ServedEndpoint.all(ReportAdminEndpoints.all, with: rooms.reports, in: environment)
            + ServedEndpoint.all(SyncEndpoints.all, with: sync.endpoints, in: environment)
            + ServedEndpoint.all(SendToDeviceEndpoints.all, with: toDevice.sending, in: environment)
            + ServedEndpoint.all(EventStreamEndpoints.all, with: sync.streamEndpoints, in: environment)
            + ServedEndpoint.all(PresenceEndpoints.all, with: sync.presenceEndpoints, in: environment)
            + ServedEndpoint.all(SearchEndpoints.all, with: search.endpoints, in: environment)
            + ServedEndpoint.all(PushEndpoints.all, with: push.endpoints(core, rooms: rooms), in: environment)
    }

    private var roomEndpoints: RoomEndpointServices {
        var endpoints = rooms.endpoints
        endpoints.presence = sync.presence?.presence
        return endpoints
    }

    /// What runs beside the requests, in the order in which it is started.
    var background: [BackgroundService] {
        var services: [BackgroundService] = []
        if let hints = core.hints as? RedisHints { services.append(BackgroundService("hints") { await hints.run() }) }
        services.append(BackgroundService("timeouts") { [timeouts = core.timeouts] in await timeouts.run() })
        services.append(BackgroundService("log") { [feed = core.feed] in await feed.run() })
        services.append(BackgroundService("watches") { [watches = sync.watches] in await watches.run() })
        if let presence = sync.presence?.presence {
            services.append(BackgroundService("presence") { await presence.run() })
        }
        if let wakes = sync.presenceWakes {
            services.append(BackgroundService("presence-wakes") { await wakes.run() })
        }
        if let wakes = sync.deviceWakes {
            services.append(BackgroundService("device-lists") { await wakes.run() })
        }
        if let departures = sync.departures {
            services.append(BackgroundService("departures") { await departures.run() })
        }
        services.append(BackgroundService("typing") { [typing = sync.typing] in await typing.run() })
        services.append(BackgroundService("sightings") { [sightings = accounts.sightings] in await sightings.run() })
        if roles.contains(.push) {
            services.append(BackgroundService("backups") { [upkeep = backups.upkeep] in await upkeep.run() })
        }
        if let media {
            services.append(BackgroundService("media") { [upkeep = media.upkeep] in await upkeep.run() })
        }
        let duties = [
            ("push", pushing), ("messages to devices", forgetting), ("inbound", federationReader?.placing),
            ("device lists", federationReader?.resyncing),
            ("sender", federationSender?.sending),
        ]
        services += roomDuties.map { duty in BackgroundService("rooms", stop: { duty.stop() }) { await duty.run() } }
        services += indexing.map { duty in BackgroundService("indexing", stop: { duty.stop() }) { await duty.run() } }
        services += duties.compactMap { name, duty in
            duty.map { duty in BackgroundService(name, stop: { duty.stop() }) { await duty.run() } }
        }
        return services
    }

    /// What the last writes of a process that stops may take.
    private static let lastWriteLimit = Duration.seconds(1)

    /// Ends long polls with what they have; called when the process begins to stop.
    func drain() {
        sync.watches.drain()
        sync.stream.drain()
        media?.downloads.drain()
        federation?.keys.stop()
    }

    package func close() async {
        // The listeners are closed: nobody is seen any more. A database that does not answer must not hold up the stop.
        try? await core.telemetry.clock.withDeadline(Self.lastWriteLimit) { [sightings = accounts.sightings] in
            await sightings.flush()
        }
        await accounts.hasher.shutdown()
        await media?.close()
        await core.close()
    }
}

extension HomeserverCore {
    /// Why requests should not come here; `nil` when they may.
    func whatIsMissing() async -> String? {
        do {
            guard let installation = try await logStore.installation() else { return "the schema is missing" }
            return installation.incarnation == self.installation.incarnation ? nil : "the database is another one"
        } catch {
            return "the database cannot be reached"
        }
    }
}
