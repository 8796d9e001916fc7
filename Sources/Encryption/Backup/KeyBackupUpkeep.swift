package import Storage
package import Telemetry

/// Removes the keys of deleted backups, a few at a time, so that nobody waits for it.
package struct KeyBackupUpkeep: Sendable {
    private static let interval = Duration.seconds(300)
    /// Between two steps, so that others get their turn.
    private static let pause = Duration.milliseconds(50)

    private let store: KeyBackupStore
    private let clock: any Clock
    private let random: any RandomSource
    private let log: Log

    package init(store: KeyBackupStore, telemetry: Telemetry) {
        self.store = store
        clock = telemetry.clock
        random = telemetry.random
        log = telemetry.log.labelled("backups")
    }

    /// Runs until the task is cancelled. Several workers may do it at once.
    package func run() async {
        while !Task.isCancelled {
            do {
                while try await store.purge() { try await clock.sleep(for: Self.pause) }
            } catch is CancellationError {
                return
            } catch {
                log.warning("keys of deleted backups could not be removed", [.cause: "\(error)"])
            }
            do { try await clock.sleep(for: random.jittered(Self.interval)) } catch { return }
        }
    }
}
