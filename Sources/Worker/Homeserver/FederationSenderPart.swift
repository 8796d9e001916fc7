import Cluster
import Federation
import Storage

/// Tells other servers what happens here.
struct FederationSenderPart: Sendable {
    let sending: DutyRunner

    init(
        _ core: HomeserverCore, link: FederationLink, rooms: RoomsPart, sync: SyncPart, toDevice: ToDevicePart,
        deviceLists: DeviceListsPart
    ) {
        let telemetry = core.telemetry
        var services = SenderServices(
            rooms: rooms.service, receipts: ReceiptStore(pool: core.pool), typing: sync.typing,
            destinations: DestinationStore(pool: core.pool), heard: link.heard, feed: core.feed, client: link.client,
            timeouts: core.timeouts, telemetry: telemetry)
        services.presence = sync.presence
        services.introductions = deviceLists.introductions(services)
        // A device is told of before what it says.
        services.durable = [deviceLists.outgoing(services, joined: sync.joined), toDevice.outgoing]
        sending = DutyRunner(
            duty: FederationSender(services), worker: core.worker, leases: LeaseStore(pool: core.pool),
            timeouts: core.timeouts, telemetry: telemetry)
    }
}
