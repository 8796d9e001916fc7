package import Cluster
package import MatrixCore
package import Storage
import Synchronization
package import Telemetry

/// Takes note of servers that sent us something: one that could not be reached may be tried again at once.
///
/// Whoever receives tells it here; it goes through the database, and as a hint to the worker that sends to that server.
package final class HeardServers: Sendable {
    package typealias Observer = @Sendable (ServerName) -> Void

    /// What is heard from one server goes to the database this often at most.
    private static let interval = Duration.seconds(60)
    private static let maxRemembered = 10_000

    private let store: DestinationStore
    private let hints: any HintBus
    private let channel: String
    private let clock: any Clock
    private let log: Log
    private let lastNoted = GenerationalCache<ServerName, Duration>(maxWeight: maxRemembered)
    private let observers = Mutex<[Observer]>([])

    package init(store: DestinationStore, installation: Installation, hints: any HintBus, telemetry: Telemetry) {
        self.store = store
        self.hints = hints
        clock = telemetry.clock
        log = telemetry.log.labelled("sender")
        channel = "apus:\(String(installation.incarnation, radix: 16)):heard"
        hints.subscribe(to: channel) { [weak self] payload in
            guard let text = String(validating: payload, as: UTF8.self), let server = ServerName(text) else { return }
            self?.tell(server)
        }
    }

    /// To be called when a server has sent us something that was signed by it. Does not fail: at worst that server is tried
    /// again later.
    ///
    /// Cost: one update of no row, at most once a minute for each server.
    package func heardFrom(_ server: ServerName) async {
        let now = clock.monotonic
        if let last = lastNoted[server], now - last < Self.interval { return }
        lastNoted.keep(now, for: server)
        do {
            guard try await store.noteHeard(from: server, now: clock.nowMilliseconds) else { return }
        } catch {
            log.debug(
                "that a server was heard from could not be noted", [.destination: "\(server)", .cause: "\(error)"])
            return
        }
        tell(server)
        hints.publish(Array(server.description.utf8), to: channel)
    }

    /// From now on `observer` is called with every server that was out of reach and was heard from. It must be quick.
    func observe(_ observer: @escaping Observer) { observers.withLock { $0.append(observer) } }

    private func tell(_ server: ServerName) {
        for observer in observers.withLock({ $0 }) { observer(server) }
    }
}
