import Cluster
import Ephemeral
import MatrixCore
import Postgres
import Rooms
import Storage
import Sync

/// One worker that writes and syncs.
struct TestWorker: Sendable {
    let pool: PostgresPool
    let installation: Installation
    let rooms: RoomService
    let feed: LogFeed
    let timeouts: Timeouts
    let watches: UserWatches
    let typing: Typing
    let receipts: Receipts
    let accountData: AccountDataStore
    let filters: FilterStore
    let sync: SyncService

    func run() async {
        await withTaskGroup { group in
            group.addTask { await feed.run() }
            group.addTask { await timeouts.run() }
            group.addTask { await watches.run() }
            group.addTask { await typing.run() }
        }
    }

    func user(_ name: String) async throws -> UserRecord {
        try await rooms.reader.interning.user(UserID("@\(name):example.org")!)
    }

    /// A public room, in which `members` are joined besides the creator.
    func room(by creator: UserRecord, members: [UserRecord] = [], name: String? = nil) async throws -> RoomID {
        var creation = RoomCreation(version: .default)
        creation.preset = .publicChat
        creation.name = name
        let room = try await rooms.create(creation, by: creator, aliases: nil)
        for member in members { try await rooms.join(room, as: member) }
        return room
    }

    @discardableResult
    func say(_ text: String, in room: RoomID, as user: UserRecord, _ more: [String: JSONValue] = [:]) async throws
        -> EventID
    {
        var content: [String: JSONValue] = ["msgtype": "m.text", "body": .string(text)]
        content.merge(more) { _, new in new }
        return try await rooms.send(
            try EventDraft(sender: user, type: EventType.message, content: .object(content)), to: room)
    }

    @discardableResult
    func set(_ type: String, _ key: String = "", to content: JSONValue, in room: RoomID, as user: UserRecord)
        async throws -> EventID
    {
        try await rooms.send(try EventDraft(sender: user, type: type, stateKey: key, content: content), to: room)
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
