import Accounts
import AdminEndpoints
import ClientEndpoints
import Cluster
import Ephemeral
import HTTPAPI
import MatrixCore
import Push
import Rooms
package import ServerConfiguration
import Storage
package import Telemetry

/// One homeserver as one process runs it: everything hangs off this value, so that a process can run several.
package struct Homeserver: Sendable {
    let core: HomeserverCore
    let roles: Set<WorkerRole>
    let accounts: AccountsPart
    let rooms: RoomsPart
    let sync: SyncPart
    let push: PushPart
    /// Sends notifications; `nil` in a worker without that role.
    let pushing: DutyRunner?

    /// Connects and builds what the roles need. Nothing is listened to yet.
    ///
    /// - Throws: `StartFailure` with what an operator should do.
    package static func open(
        _ configuration: ServerConfiguration, worker: String, roles: Set<WorkerRole>, migrates: Bool,
        telemetry: Telemetry
    ) async throws -> Homeserver {
        let core = try await HomeserverCore.lay(configuration, worker: worker, migrates: migrates, telemetry: telemetry)
        let push = PushPart(core)
        let rooms = try await RoomsPart(core, notifications: push.notifications)
        let accounts = AccountsPart(core, rooms: rooms, push: push)
        let rules = push.rules
        let sync = SyncPart(core, accounts: accounts, rooms: rooms) { user in try await rules.content(of: user) }
        let pushing = roles.contains(.push) ? try push.sending(core, rooms: rooms) : nil
        return Homeserver(
            core: core, roles: roles, accounts: accounts, rooms: rooms, sync: sync, push: push, pushing: pushing)
    }

    /// The endpoints of some of the APIs, as far as this process has the role for them.
    func endpoints(of apis: Set<ServerConfiguration.Listener.API>) -> [ServedEndpoint] {
        var endpoints = [
            OperationalEndpoints.health(), OperationalEndpoints.ready { await core.whatIsMissing() },
        ]
        if apis.contains(.client), roles.contains(.clientAPI) { endpoints += clientEndpoints }
        return endpoints
    }

    private var environment: EndpointEnvironment {
        EndpointEnvironment(authenticators: Authenticators(users: accounts.tokens), rateLimiter: accounts.limiter)
    }

    private var clientEndpoints: [ServedEndpoint] {
        ServedEndpoint.all(AccountEndpoints.all, with: accounts.services, in: environment)
            + ServedEndpoint.all(AdminEndpoints.all, with: accounts.administration, in: environment)
            + ServedEndpoint.all(DiscoveryEndpoints.all, with: accounts.discovery, in: environment)
            + ServedEndpoint.all(RoomEndpoints.all, with: rooms.endpoints, in: environment)
            + ServedEndpoint.all(DirectoryEndpoints.all, with: rooms.directory, in: environment)
            + ServedEndpoint.all(SyncEndpoints.all, with: sync.endpoints, in: environment)
            + ServedEndpoint.all(PushEndpoints.all, with: push.endpoints, in: environment)
    }

    /// What runs beside the requests, in the order in which it is started.
    var background: [BackgroundService] {
        var services: [BackgroundService] = []
        if let hints = core.hints as? RedisHints { services.append(BackgroundService("hints") { await hints.run() }) }
        services.append(BackgroundService("timeouts") { [timeouts = core.timeouts] in await timeouts.run() })
        services.append(BackgroundService("log") { [feed = core.feed] in await feed.run() })
        services.append(BackgroundService("watches") { [watches = sync.watches] in await watches.run() })
        services.append(BackgroundService("typing") { [typing = sync.typing] in await typing.run() })
        services.append(BackgroundService("sightings") { [sightings = accounts.sightings] in await sightings.run() })
        if let pushing {
            services.append(BackgroundService("push", stop: { pushing.stop() }) { await pushing.run() })
        }
        return services
    }

    /// Ends long polls with what they have; called when the process begins to stop.
    func drain() { sync.watches.drain() }

    package func close() async {
        await accounts.hasher.shutdown()
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
