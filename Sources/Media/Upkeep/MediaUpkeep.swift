package import Storage
package import Telemetry

/// Removes what nobody needs any more: ids that never got content, files whose upload was broken off by a crash.
package struct MediaUpkeep: Sendable {
    private static let interval = Duration.seconds(60 * 60)
    /// Deletions in one go; what is left comes the next time.
    private static let maxDeletions = 100

    private let store: MediaStore
    private let folder: MediaFolder
    private let clock: any Clock
    private let random: any RandomSource
    private let log: Log

    package init(store: MediaStore, folder: MediaFolder, telemetry: Telemetry) {
        self.store = store
        self.folder = folder
        clock = telemetry.clock
        random = telemetry.random
        log = telemetry.log.labelled("media")
    }

    /// Runs until the task is cancelled. Several workers may do it at once: it is idempotent.
    package func run() async {
        while !Task.isCancelled {
            do {
                try await tidy()
            } catch is CancellationError {
                return
            } catch {
                log.warning("media could not be tidied", [.cause: "\(error)"])
            }
            do { try await clock.sleep(for: random.jittered(Self.interval)) } catch { return }
        }
    }

    package func tidy() async throws {
        let now = clock.nowMilliseconds
        for _ in 0..<Self.maxDeletions {
            guard try await store.deleteUnused(before: now) else { break }
        }
        try await folder.sweep(now: now)
    }
}
