import Cluster
import DeviceMessages
import Federation
import Rooms
import ServerConfiguration
import Storage

/// Messages to devices.
struct ToDevicePart: Sendable {
    let sending: ToDeviceSending
    let inboxes: DeviceInboxes
    /// What waits for other servers.
    let outgoing: StoredMessages
    private let messages: DeviceMessageStore
    private let edus: OutgoingEDUStore

    init(_ core: HomeserverCore) {
        messages = DeviceMessageStore(pool: core.pool)
        edus = OutgoingEDUStore(pool: core.pool)
        sending = ToDeviceSending(
            serverName: core.server.name, store: messages, interning: core.interning, feed: core.feed,
            isFederating: core.configuration.federation.isEnabled, telemetry: core.telemetry)
        inboxes = DeviceInboxes(store: messages, feed: core.feed)
        outgoing = StoredMessages(store: edus)
    }

    /// Lets go of what is of no use any more, as this worker's share of that work.
    func upkeep(_ core: HomeserverCore) -> DutyRunner {
        DutyRunner(
            duty: DeviceMessageUpkeep(
                messages: messages, outgoing: edus, shardCount: core.installation.shardCount,
                telemetry: core.telemetry),
            worker: core.worker, leases: LeaseStore(pool: core.pool), timeouts: core.timeouts,
            telemetry: core.telemetry)
    }
}
