import ClientEndpoints
import Cluster
import Push
import Rooms
import ServerConfiguration
import Storage
import Telemetry

/// Whom events notify, and how it is told.
struct PushPart: Sendable {
    let rules: PushRules
    let notifications: Notifications
    private let pushers: Pushers

    init(_ core: HomeserverCore) {
        let store = PushRuleStore(pool: core.pool)
        rules = PushRules(store: store, interning: core.interning, feed: core.feed, telemetry: core.telemetry)
        notifications = Notifications(
            rules: store, accountData: core.stores.accountData, memberships: MembershipStore(pool: core.pool),
            interning: core.interning, feed: core.feed)
        pushers = Pushers(store: PusherStore(pool: core.pool), telemetry: core.telemetry)
    }

    func endpoints(_ core: HomeserverCore, rooms: RoomsPart) -> PushEndpointServices {
        PushEndpointServices(
            rules: rules, pushers: pushers,
            notifications: NotificationList(
                store: NotificationStore(pool: core.pool), receipts: ReceiptStore(pool: core.pool),
                rooms: rooms.service, notifications: notifications, feed: core.feed))
    }

    /// Sends notifications to gateways, as this worker's share of that work.
    func sending(_ core: HomeserverCore, rooms: RoomsPart) -> DutyRunner {
        let services = PushServices(
            notifications: notifications, pushers: PusherStore(pool: core.pool),
            receipts: ReceiptStore(pool: core.pool),
            rooms: rooms.service, feed: core.feed, requests: core.requests, telemetry: core.telemetry)
        return DutyRunner(
            duty: PushDuty(services), worker: core.worker, leases: LeaseStore(pool: core.pool), timeouts: core.timeouts,
            telemetry: core.telemetry)
    }
}
