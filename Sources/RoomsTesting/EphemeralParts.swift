package import Cluster
package import Encryption
package import Ephemeral
import Rooms
package import Storage
import Telemetry

/// What is gone a minute later, and receipts, on a worker of a test.
package struct EphemeralParts: Sendable {
    package let joined: JoinedRooms
    package let watches: UserWatches
    package let presence: VisiblePresence
    package let wakes: PresenceWakes
    package let typing: Typing
    package let receipts: Receipts
    package let receiptStore: ReceiptStore
    package let deviceLists: DeviceListNews
    package let deviceWakes: DeviceListWakes

    package init(_ worker: RoomsWorker, hints: any HintBus = NoHints()) {
        let clock = worker.telemetry.clock
        joined = JoinedRooms(store: worker.memberships, feed: worker.feed)
        watches = UserWatches(
            feed: worker.feed, memberships: worker.memberships, timeouts: worker.timeouts, clock: clock)
        let bus = EphemeralBus(incarnation: worker.installation.incarnation, hints: hints, clock: clock)
        presence = VisiblePresence(
            presence: Presence(bus: bus, server: worker.serverName, telemetry: worker.telemetry),
            joined: joined)
        wakes = PresenceWakes(
            presence.presence, watches: watches, joined: presence.joined, telemetry: worker.telemetry)
        typing = Typing(bus: bus, watches: watches, clock: clock)
        deviceLists = DeviceListNews(
            store: DeviceListStore(pool: worker.pool), joined: joined, interning: worker.interning,
            rooms: worker.rooms.reader.store, feed: worker.feed)
        deviceWakes = DeviceListWakes(watches: watches, joined: joined, telemetry: worker.telemetry)
        receiptStore = ReceiptStore(pool: worker.pool)
        receipts = Receipts(rooms: worker.rooms, store: receiptStore, feed: worker.feed, clock: clock)
    }
}
