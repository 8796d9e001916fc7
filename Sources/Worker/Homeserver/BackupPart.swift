import ClientEndpoints
import Encryption
import HTTPAPI
import Storage
import Telemetry

/// What users keep here for devices to come: backups of their room keys, and a device that is asleep.
struct BackupPart: Sendable {
    private let backups: KeyBackups
    private let dehydrated: DehydratedDeviceServices
    /// Removes what was deleted.
    let upkeep: KeyBackupUpkeep

    init(_ core: HomeserverCore) {
        let clock = core.telemetry.clock
        let store = KeyBackupStore(pool: core.pool)
        backups = KeyBackups(store: store, clock: clock)
        upkeep = KeyBackupUpkeep(store: store, telemetry: core.telemetry)
        let sleeping = DehydratedDeviceStore(pool: core.pool)
        dehydrated = DehydratedDeviceServices(
            devices: DehydratedDevices(
                store: sleeping, devices: core.stores.devices,
                uploads: KeyUploads(
                    store: DeviceKeyStore(pool: core.pool), interning: core.interning, feed: core.feed, clock: clock),
                interning: core.interning, feed: core.feed, clock: clock),
            inbox: DehydratedInbox(store: sleeping))
    }

    func endpoints(in environment: EndpointEnvironment) -> [ServedEndpoint] {
        ServedEndpoint.all(KeyBackupEndpoints.all, with: backups, in: environment)
            + ServedEndpoint.all(DehydratedDeviceEndpoints.all, with: dehydrated, in: environment)
    }
}
