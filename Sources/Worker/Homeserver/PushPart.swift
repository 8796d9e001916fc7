import ClientEndpoints
import Cluster
import NIOPosix
import Push
import Rooms
import ServerConfiguration
import Storage
import Telemetry
import Transport

/// Whom events notify, and how it is told.
struct PushPart: Sendable {
    let rules: PushRules
    let notifications: Notifications
    let endpoints: PushEndpointServices

    init(_ core: HomeserverCore) {
        let store = PushRuleStore(pool: core.pool)
        rules = PushRules(store: store, interning: core.interning, feed: core.feed, telemetry: core.telemetry)
        notifications = Notifications(
            rules: store, accountData: core.stores.accountData, memberships: MembershipStore(pool: core.pool),
            interning: core.interning, feed: core.feed)
        endpoints = PushEndpointServices(
            rules: rules, pushers: Pushers(store: PusherStore(pool: core.pool), telemetry: core.telemetry))
    }

    /// Sends notifications to gateways, as this worker's share of that work.
    func sending(_ core: HomeserverCore, rooms: RoomsPart) throws -> DutyRunner {
        let section = core.configuration.outbound
        var configuration = OutboundConfiguration()
        configuration.addressPolicy = AddressPolicy(allowsPrivateAddresses: section.allowsPrivateAddresses)
        configuration.certificateAuthoritiesPath = section.certificateAuthoritiesPath
        configuration.verifiesTLS = section.verifiesTLS
        let requests = try OutboundClient(
            configuration, resolver: SystemResolver(), eventLoopGroup: .singleton, telemetry: core.telemetry)
        let services = PushServices(
            notifications: notifications, pushers: PusherStore(pool: core.pool),
            receipts: ReceiptStore(pool: core.pool),
            rooms: rooms.service, feed: core.feed, requests: requests, telemetry: core.telemetry)
        return DutyRunner(
            duty: PushDuty(services), worker: core.worker, leases: LeaseStore(pool: core.pool), timeouts: core.timeouts,
            telemetry: core.telemetry)
    }
}
