import ClientEndpoints
import Cluster
import Ephemeral
import MatrixCore
import Rooms
import Storage
import Sync
import Telemetry

/// Following rooms: who waits for what, typing, receipts.
struct SyncPart: Sendable {
    let watches: UserWatches
    let bus: EphemeralBus
    let typing: Typing
    let receipts: Receipts
    let sync: SyncService
    let endpoints: SyncEndpointServices

    /// - Parameter pushRules: reads `m.push_rules` of a user.
    init(
        _ core: HomeserverCore, accounts: AccountsPart, rooms: RoomsPart,
        pushRules: @escaping SyncAccountData.PushRules
    ) {
        let clock = core.telemetry.clock
        watches = UserWatches(
            feed: core.feed, memberships: rooms.service.reader.memberships, timeouts: core.timeouts, clock: clock)
        bus = EphemeralBus(incarnation: core.installation.incarnation, hints: core.hints, clock: clock)
        typing = Typing(bus: bus, watches: watches, clock: clock)
        let store = ReceiptStore(pool: core.pool)
        receipts = Receipts(rooms: rooms.service, store: store, feed: core.feed, clock: clock)
        sync = SyncService(
            SyncSetup(
                rooms: rooms.service, typing: typing, feed: core.feed, watches: watches, timeouts: core.timeouts,
                log: core.logStore, receipts: store, accountData: core.stores.accountData,
                filters: core.stores.filters, pushRules: pushRules, telemetry: core.telemetry))
        endpoints = SyncEndpointServices(
            sync: sync, typing: RoomTyping(rooms: rooms.service, typing: typing), receipts: receipts)
    }
}
