package import MatrixCore

/// The configuration of a server: one file, read once, the same for every process.
///
/// A value of this type is right as far as the file alone can tell: every key is known, of its type and in its range,
/// secrets are read, and paths do not depend on where the process runs.
package struct ServerConfiguration: Sendable {
    package let serverName: ServerName
    package let publicBaseURL: BaseURL
    /// Made at the first start if absent.
    package let signingKeyPath: String
    package let database: Database
    /// `nil`: the process wakes itself, which only `apus serve` can.
    package let redis: Redis?
    /// Of `apus serve`, or of the load balancer in front of separate workers.
    package let listeners: [Listener]
    /// In the order of the file.
    package let workers: [Worker]
    package let registration: Registration
    package let passwords: Passwords
    package let rateLimits: RateLimits
    package let rooms: Rooms
    package let roomDirectory: RoomDirectory
    package let delayedEvents: DelayedEvents
    package let isPresenceEnabled: Bool
    package let federation: Federation
    package let outbound: Outbound
    package let media: Media
    package let email: Email?
    package let identity: Identity
    package let cas: CAS
    package let oidc: [OIDCProvider]
    package let turn: TURN
    /// The registration files of application services.
    package let appservicePaths: [String]
    package let support: Support
    package let policyServer: PolicyServer
    package let log: Log
    package let metrics: Metrics

    /// The worker of that name, or `nil`.
    package func worker(named name: String) -> Worker? {
        workers.first { $0.name == name }
    }
}

extension ServerConfiguration: ConfigurationSection {
    init?(from reader: SectionReader) {
        typealias Keys = ServerConfiguration.Keys
        // Read in groups, since every key must be read before the first failure is acted on.
        let ground = reader.values(Keys.serverName, Keys.publicBaseURL, Keys.signingKey, Keys.database, Keys.redis)
        let processes = reader.values(Keys.listeners, Keys.workers, Keys.log, Keys.metrics)
        let people = reader.values(
            Keys.registration, Keys.passwords, Keys.rateLimits, Keys.presence, Keys.email, Keys.identity, Keys.cas,
            Keys.oidc)
        let protocols = reader.values(
            Keys.rooms, Keys.roomDirectory, Keys.federation, Keys.outbound, Keys.media, Keys.turn, Keys.appservices)
        let delayed = reader.value(Keys.delayedEvents)
        let wellKnown = reader.values(Keys.support, Keys.policyServer)
        if let processes { Self.refuseSharedAddresses(processes.0, processes.1, reader) }
        guard let ground, let processes, let people, let protocols, let delayed, let wellKnown,
            let publicBaseURL = ground.1 ?? BaseURL("https://\(ground.0)/")
        else { return nil }
        (serverName, _, signingKeyPath, database, redis) = ground
        self.publicBaseURL = publicBaseURL
        (listeners, workers, log, metrics) = processes
        (registration, passwords, rateLimits, isPresenceEnabled, email, identity, cas, oidc) = people
        (rooms, roomDirectory, federation, outbound, media, turn, appservicePaths) = protocols
        delayedEvents = delayed
        (support, policyServer) = wellKnown
    }

    /// Two processes cannot listen at one address: better said here than by the second of them.
    private static func refuseSharedAddresses(_ listeners: [Listener], _ workers: [Worker], _ reader: SectionReader) {
        var owners: [ListenAddress: String] = [:]
        let uses =
            listeners.map { ("listeners", $0.address, "a listener") }
            + workers.flatMap { worker in
                [("workers", worker.address, worker.name)]
                    + (worker.metricsAddress.map { [("workers", $0, "the metrics of \(worker.name)")] } ?? [])
            }
        for (key, address, owner) in uses {
            if let first = owners[address] {
                reader.refuse(key, "\(address) is given to both \(first) and \(owner)")
            }
            owners[address] = owner
        }
    }
}
