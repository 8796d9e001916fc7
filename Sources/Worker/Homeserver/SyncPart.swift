import ClientEndpoints
import Cluster
import Encryption
import Ephemeral
import MatrixCore
import Rooms
import ServerConfiguration
import Storage
import Sync
import Telemetry

/// Following rooms: who waits for what, typing, receipts.
struct SyncPart: Sendable {
    let joined: JoinedRooms
    let watches: UserWatches
    let bus: EphemeralBus
    let typing: Typing
    let roomTyping: RoomTyping
    /// `nil` in a worker without clients.
    let departures: TypingDepartures?
    let receipts: Receipts
    /// `nil` where nobody is told who is online, or this process has nothing to do with it.
    let presence: VisiblePresence?
    let presenceWakes: PresenceWakes?
    let presenceEndpoints: UserPresence
    /// `nil` in a worker without clients.
    let deviceWakes: DeviceListWakes?
    let sync: SyncService
    let endpoints: SyncEndpointServices
    let stream: EventStream
    let streamEndpoints: EventStreamServices

    /// - Parameter pushRules: reads `m.push_rules` of a user.
    init(
        _ core: HomeserverCore, roles: Set<WorkerRole>, accounts: AccountsPart, rooms: RoomsPart,
        encryption: EncryptionPart, toDevice: ToDevicePart,
        pushRules: @escaping SyncAccountData.PushRules
    ) {
        let clock = core.telemetry.clock
        // Before the watches, which rest on it.
        joined = JoinedRooms(store: rooms.service.reader.memberships, feed: core.feed)
        watches = UserWatches(
            feed: core.feed, memberships: rooms.service.reader.memberships, timeouts: core.timeouts, clock: clock)
        bus = EphemeralBus(incarnation: core.installation.incarnation, hints: core.hints, clock: clock)
        typing = Typing(bus: bus, watches: watches, clock: clock)
        roomTyping = RoomTyping(rooms: rooms.service, typing: typing)
        departures =
            roles.contains(.clientAPI)
            ? TypingDepartures(rooms: rooms.service, typing: typing, feed: core.feed, telemetry: core.telemetry) : nil
        let store = ReceiptStore(pool: core.pool)
        receipts = Receipts(rooms: rooms.service, store: store, feed: core.feed, clock: clock)
        let reader = rooms.service.reader
        let isFollowed =
            core.configuration.isPresenceEnabled
            && !roles.isDisjoint(with: [.clientAPI, .federationReader, .federationSender])
        presence =
            isFollowed
            ? VisiblePresence(
                presence: Presence(bus: bus, server: core.server.name, telemetry: core.telemetry),
                joined: joined) : nil
        presenceEndpoints = UserPresence(
            presence: presence?.presence, memberships: reader.memberships, interning: reader.interning)
        if let presence, roles.contains(.clientAPI) {
            presenceWakes = PresenceWakes(
                presence.presence, watches: watches, joined: presence.joined, telemetry: core.telemetry)
        } else {
            presenceWakes = nil
        }
        var setup = SyncSetup(
            rooms: rooms.service, typing: typing, feed: core.feed, watches: watches, timeouts: core.timeouts,
            log: core.logStore, receipts: store, accountData: core.stores.accountData,
            filters: core.stores.filters, pushRules: pushRules, telemetry: core.telemetry)
        setup.presence = presence
        setup.devices.keys = encryption.keyCounts
        setup.devices.lists = DeviceListNews(
            store: DeviceListStore(pool: core.pool), joined: joined, interning: reader.interning, rooms: reader.store,
            feed: core.feed)
        deviceWakes =
            roles.contains(.clientAPI)
            ? DeviceListWakes(watches: watches, joined: joined, telemetry: core.telemetry) : nil
        setup.devices.messages = toDevice.inboxes
        sync = SyncService(setup)
        stream = EventStream(setup, sync: sync)
        streamEndpoints = EventStreamServices(stream: stream, directory: rooms.directory)
        let threads = ThreadSubscriptions(
            rooms: rooms.service, store: ThreadSubscriptionStore(pool: core.pool), feed: core.feed, clock: clock)
        endpoints = SyncEndpointServices(
            sync: sync,
            sliding: SlidingSyncService(setup, states: SlidingStateStore(pool: core.pool), threads: threads),
            threads: threads, keyChanges: KeyChanges(setup), typing: roomTyping, receipts: receipts,
            presence: presence?.presence)
    }
}
