import Cluster
import DeviceMessages
import Encryption
import Ephemeral
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Sync
import Telemetry

/// One worker that writes and syncs.
struct TestWorker: Sendable {
    let base: RoomsWorker
    let watches: UserWatches
    let typing: Typing
    let receipts: Receipts
    let accountData: AccountDataStore
    let filters: FilterStore
    let sync: SyncService
    let sliding: SlidingSyncService
    let threads: ThreadSubscriptions
    let keyChanges: KeyChanges
    let deviceWakes: DeviceListWakes
    let toDevice: ToDeviceSending

    var pool: PostgresPool { base.pool }
    var installation: Installation { base.installation }
    var feed: LogFeed { base.feed }
    var timeouts: Timeouts { base.timeouts }
    var rooms: RoomService { base.rooms }

    init(_ base: RoomsWorker) {
        self.base = base
        let ephemeral = EphemeralParts(base)
        (watches, typing, receipts) = (ephemeral.watches, ephemeral.typing, ephemeral.receipts)
        accountData = AccountDataStore(pool: base.pool)
        filters = FilterStore(pool: base.pool)
        var setup = SyncSetup(
            rooms: base.rooms, typing: typing, feed: base.feed, watches: watches, timeouts: base.timeouts,
            log: base.log, receipts: ephemeral.receiptStore, accountData: accountData, filters: filters,
            pushRules: { _ in Array(#"{"global":{}}"#.utf8) }, telemetry: base.telemetry)
        setup.devices.lists = ephemeral.deviceLists
        setup.devices.keys = KeyCountMemory(store: DeviceKeyStore(pool: base.pool), feed: base.feed)
        let messages = DeviceMessageStore(pool: base.pool)
        setup.devices.messages = DeviceInboxes(store: messages, feed: base.feed)
        toDevice = ToDeviceSending(
            serverName: base.serverName, store: messages, interning: base.interning, feed: base.feed,
            isFederating: false, telemetry: base.telemetry)
        deviceWakes = ephemeral.deviceWakes
        keyChanges = KeyChanges(setup)
        sync = SyncService(setup)
        threads = ThreadSubscriptions(
            rooms: base.rooms, store: ThreadSubscriptionStore(pool: base.pool), feed: base.feed,
            clock: base.telemetry.clock)
        sliding = SlidingSyncService(setup, states: SlidingStateStore(pool: base.pool), threads: threads)
    }

    func user(_ name: String) async throws -> UserRecord { try await base.user(name) }

    /// A public room, in which `members` are joined besides the creator.
    func room(by creator: UserRecord, members: [UserRecord] = [], name: String? = nil) async throws -> RoomID {
        try await base.room(by: creator, members: members) { $0.name = name }
    }

    @discardableResult
    func say(
        _ text: String, in room: RoomID, as user: UserRecord, _ more: [String: JSONValue] = [:]
    ) async throws -> EventID {
        try await base.say(text, in: room, as: user, more)
    }

    @discardableResult
    func set(
        _ type: String, _ key: String = "", to content: JSONValue, in room: RoomID, as user: UserRecord
    ) async throws -> EventID {
        try await base.set(type, key, to: content, in: room, as: user)
    }

    /// One sync, as JSON.
    func sync(
        _ user: UserRecord, since: String? = nil, filter: String? = nil, timeout: Duration = .zero,
        fullState: Bool = false,
        device: String? = "D", stateAfter: Bool = false
    ) async throws -> JSONDocument {
        var request = SyncRequest(user: user.nid, deviceID: device)
        request.since = since
        request.filter = filter
        request.timeout = timeout
        request.fullState = fullState
        request.usesStateAfter = stateAfter
        let answer = try await sync.sync(request)
        return try JSONDocument(parsing: JSONWriter.write { answer.write(to: &$0) })
    }
}

extension JSONDocument {
    var next: String { self["next_batch"]?.string ?? "" }

    func room(_ id: RoomID, _ section: String = "join") -> JSONView? { self["rooms"]?[section]?[id.description] }

    /// The rooms of a section, by their ids.
    func rooms(_ section: String) -> [(String, JSONView)] {
        guard let rooms = self["rooms"]?[section]?.object else { return [] }
        return rooms.map { ($0.key, $0.value) }
    }

    func timeline(_ id: RoomID, _ section: String = "join") -> [JSONView] {
        room(id, section)?["timeline"]?.events ?? []
    }

    func bodies(_ id: RoomID, _ section: String = "join") -> [String] {
        timeline(id, section).compactMap { $0["content"]?["body"]?.string }
    }

    func state(_ id: RoomID, _ section: String = "join") -> [JSONView] {
        room(id, section)?["state"]?["events"]?.all ?? []
    }

    func ephemeral(_ id: RoomID, _ type: String) -> [JSONView] {
        (room(id)?["ephemeral"]?["events"]?.all ?? []).filter { $0["type"]?.string == type }
    }

    /// Whether no room and no account data is told.
    var isQuiet: Bool {
        ["join", "invite", "leave", "knock"].allSatisfy { self["rooms"]?[$0]?.count == 0 }
            && self["account_data"]?["events"]?.count == 0
    }
}

extension JSONView {
    var events: [JSONView] { self["events"]?.all ?? [] }
    var all: [JSONView] { array.map { Array($0) } ?? [] }
    var stateName: String { "\(self["type"]?.string ?? "?")|\(self["state_key"]?.string ?? "?")" }
}
