import Glibc
import HTTPAPI
import Logging
import NIOPosix
package import ServerConfiguration
import ServiceLifecycle
import Telemetry
import Transport
import UnixSignals

/// Runs a homeserver until the process is told to stop.
package enum HomeserverProcess {
    /// What the whole stop may take; after that what still runs is cancelled.
    private static let stopLimit = Duration.seconds(9)

    /// `apus serve`: every role, at the configured listeners; an empty or older database is brought up to date.
    package static func serveAll(_ configuration: ServerConfiguration) async throws {
        let telemetry = Telemetry(configuration, worker: nil)
        let homeserver = try await Homeserver.open(
            configuration, worker: "serve", roles: Set(WorkerRole.allCases), migrates: true, telemetry: telemetry)
        var servers = try configuration.listeners.map { listener in
            ServerPlan(
                configuration: try HTTPServerConfiguration(listener),
                endpoints: homeserver.endpoints(of: listener.serves))
        }
        servers += metricsServers(configuration.metrics.address, telemetry)
        try await run(homeserver, servers, telemetry)
    }

    /// One worker of the cluster, at its address.
    package static func serve(
        _ worker: ServerConfiguration.Worker, of configuration: ServerConfiguration
    ) async throws {
        guard configuration.redis != nil else { throw StartFailure("workers need redis in the configuration") }
        let telemetry = Telemetry(configuration, worker: worker.name)
        let homeserver = try await Homeserver.open(
            configuration, worker: worker.name, roles: [worker.role], migrates: false, telemetry: telemetry)
        let address = HTTPServerConfiguration(host: worker.address.host, port: worker.address.port)
        let plan = ServerPlan(configuration: address, endpoints: homeserver.endpoints(of: worker.role.apis))
        try await run(homeserver, [plan] + metricsServers(worker.metricsAddress, telemetry), telemetry)
    }

    private struct ServerPlan {
        let configuration: HTTPServerConfiguration
        let endpoints: [ServedEndpoint]
    }

    private static func metricsServers(_ address: ListenAddress?, _ telemetry: Telemetry) -> [ServerPlan] {
        guard let address else { return [] }
        return [
            ServerPlan(
                configuration: HTTPServerConfiguration(host: address.host, port: address.port),
                endpoints: [OperationalEndpoints.health(), OperationalEndpoints.metrics(telemetry.metrics)])
        ]
    }

    private static func run(_ homeserver: Homeserver, _ plans: [ServerPlan], _ telemetry: Telemetry) async throws {
        let notification = SystemNotification(
            listeners: plans.count, socketPath: getenv("NOTIFY_SOCKET").map { String(cString: $0) })
        let group = MultiThreadedEventLoopGroup.singleton
        let servers = try plans.map { plan in
            HTTPServer(
                plan.configuration, router: try Router(plan.endpoints, telemetry: telemetry), telemetry: telemetry,
                eventLoopGroup: group, drain: { homeserver.drain() },
                whenListening: { port in
                    telemetry.log.info("listening", [.address: "\(plan.configuration.host):\(port)"])
                    notification.listenerIsOpen()
                })
        }
        // Listed last, stopped first: the listeners go before what they rest on.
        let background = homeserver.background.map { service($0) }
        var settings = ServiceGroupConfiguration(
            services: background + servers.map { service($0) }, gracefulShutdownSignals: [.sigterm, .sigint],
            logger: telemetry.log.labelled("lifecycle").quietLogger)
        settings.maximumGracefulShutdownDuration = stopLimit
        try await ServiceGroup(configuration: settings).run()
        await homeserver.close()
        telemetry.log.info("stopped")
    }

    private static func service(_ service: some Service) -> ServiceGroupConfiguration.ServiceConfiguration {
        ServiceGroupConfiguration.ServiceConfiguration(service: service)
    }
}

extension WorkerRole {
    /// The APIs that a worker of the role answers.
    fileprivate var apis: Set<ServerConfiguration.Listener.API> {
        switch self {
        case .clientAPI: [.client]
        case .federationReader: [.federation]
        case .media: [.media]
        case .federationSender, .push: []
        }
    }
}

extension HTTPServerConfiguration {
    fileprivate init(_ listener: ServerConfiguration.Listener) throws {
        self.init(host: listener.address.host, port: listener.address.port)
        if let files = listener.tls {
            tls = try Self.tls(certificatePath: files.certificatePath, keyPath: files.keyPath)
        }
    }
}

extension Telemetry {
    fileprivate init(_ configuration: ServerConfiguration, worker: String?) {
        let format: LogFormat = configuration.log.format == .json ? .json : .text
        let level = Logger.Level(rawValue: configuration.log.level.rawValue) ?? .info
        self = .live(format: format, level: level, worker: worker)
    }
}

extension Log {
    /// The lifecycle library tells every step at `info`; what matters of it is said by the services.
    fileprivate var quietLogger: Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}
