import MatrixCore
package import Storage
import Synchronization
package import Telemetry

/// When and from where devices were last seen, collected in memory and written now and then: a request costs no write.
package final class DeviceSightings: Sendable {
    /// Devices remembered between two writings; those beyond it are seen a little later.
    package static let maxPending = 50_000
    /// How often what was collected is looked at.
    package static let flushInterval = Duration.seconds(60)
    /// A device is written no more often than this, unless its address has changed.
    package static let writeIntervalMilliseconds: Int64 = 300_000

    private struct Key: Hashable {
        let user: UserNID
        let device: String
    }

    private let devices: DeviceStore
    private let telemetry: Telemetry
    private let pending = Mutex<[Key: DeviceSighting]>([:])

    package init(devices: DeviceStore, telemetry: Telemetry) {
        self.devices = devices
        self.telemetry = telemetry.labelled("accounts")
    }

    func note(_ sighting: DeviceSighting) {
        let key = Key(user: sighting.userNID, device: sighting.deviceID)
        pending.withLock { pending in
            guard pending[key] != nil || pending.count < Self.maxPending else { return }
            pending[key] = sighting
        }
    }

    /// Writes until the task is cancelled. Whoever cancels it flushes what is left.
    package func run() async {
        while (try? await telemetry.clock.sleep(for: Self.flushInterval)) != nil { await flush() }
    }

    /// Writes what was collected. What cannot be written is forgotten: it would be old by the next time.
    package func flush() async {
        let sightings = pending.withLock { pending in
            let all = Array(pending.values)
            pending.removeAll(keepingCapacity: true)
            return all
        }
        guard !sightings.isEmpty else { return }
        do {
            try await devices.see(sightings, intervalMilliseconds: Self.writeIntervalMilliseconds)
        } catch {
            telemetry.log.warning("last sightings of devices could not be written", [.cause: "\(error)"])
        }
    }
}
