package import Cluster
import Logging
import Storage
package import Telemetry

/// Wakes the clients of this worker that have to look at somebody's devices again.
///
/// A change is one row of the log, whoever it concerns; each worker finds out for itself who of those that wait here shares a room
/// with the user.
package struct DeviceListWakes: Sendable {
    private static let pauseAfterFailure = Duration.seconds(1)

    private let watches: UserWatches
    private let joined: JoinedRooms
    private let telemetry: Telemetry

    package init(watches: UserWatches, joined: JoinedRooms, telemetry: Telemetry) {
        self.watches = watches
        self.joined = joined
        self.telemetry = telemetry.labelled("device-lists")
    }

    /// Wakes clients until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            await watches.deviceAlarm.wait()
            do {
                try await turn()
            } catch {
                guard !Task.isCancelled else { return }
                // Until it succeeds everybody who asks looks for himself.
                telemetry.log.warning("whom changed devices concern could not be read", [.cause: "\(error)"])
                watches.deviceAlarm.set(at: telemetry.clock.monotonic + Self.pauseAfterFailure)
            }
        }
    }

    private func turn() async throws {
        let changes = watches.unresolvedDevices()
        guard !changes.isEmpty else { return }
        let stays = try await joined.stays(of: changes.keys)
        watches.resolve(
            changes.map { (user: $0.key, place: $0.value, rooms: stays[$0.key]?.joined.keys.map { $0 } ?? []) })
    }
}
