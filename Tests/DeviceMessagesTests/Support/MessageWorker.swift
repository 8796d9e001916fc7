import ApusTesting
import Cluster
import DeviceMessages
import MatrixCore
import Postgres
import RoomsTesting
import Storage
import Telemetry

/// One worker that takes and gives messages to devices.
struct MessageWorker: Sendable {
    let base: RoomsWorker
    let store: DeviceMessageStore
    let outgoing: OutgoingEDUStore
    let sending: ToDeviceSending
    let inboxes: DeviceInboxes

    var pool: PostgresPool { base.pool }

    /// Runs `body` with a database of its own and a worker on it.
    static func with(
        observer: (any PostgresObserver)? = nil,
        _ body: (MessageWorker, MigratedDatabase) async throws -> Void
    ) async throws {
        try await MigratedDatabase.with { database in
            let worker = try await MessageWorker(database, observer: observer)
            do { try await body(worker, database) } catch {
                await worker.pool.close()
                throw error
            }
            await worker.pool.close()
        }
    }

    /// One more worker on a database; whoever makes it closes its pool.
    init(
        _ database: MigratedDatabase, observer: (any PostgresObserver)? = nil, telemetry: Telemetry = .silent(),
        isFederating: Bool = true
    ) async throws {
        base = try await RoomsWorker(pool: database.pool(observer: observer), telemetry: telemetry)
        store = DeviceMessageStore(pool: base.pool)
        outgoing = OutgoingEDUStore(pool: base.pool)
        sending = ToDeviceSending(
            serverName: base.serverName, store: store, interning: base.interning, feed: base.feed,
            isFederating: isFederating, telemetry: telemetry)
        inboxes = DeviceInboxes(store: store, feed: base.feed)
    }

    /// A user of this server with some devices.
    func user(_ name: String, devices: [String] = []) async throws -> UserRecord {
        let user = try await base.user(name)
        for device in devices { try await add(device, of: user) }
        return user
    }

    func add(_ device: String, of user: UserRecord) async throws {
        try await pool.simple(
            "insert into devices (user_nid, device_id, created_ms) values (\(user.nid.rawValue), '\(device)', 0)")
    }

    /// Sends messages, each with a content that says `n`.
    func send(
        _ messages: [(user: UserID, device: String, n: Int)], type: String = "org.example", by sender: UserRecord,
        device: String? = "S", _ transaction: String
    ) async throws {
        var users: [String: [String: JSONValue]] = [:]
        for message in messages {
            users[message.user.description, default: [:]][message.device] = ["n": .integer(Int64(message.n))]
        }
        try await send(.object(users.mapValues { .object($0) }), type: type, by: sender, device: device, transaction)
    }

    func send(
        _ messages: JSONValue, type: String = "org.example", by sender: UserRecord, device: String? = "S",
        _ transaction: String
    ) async throws {
        let document = try JSONDocument(parsing: messages.canonicalBytes)
        try await sending.send(
            ToDeviceMessages(fromClient: document.root), ofType: type, by: sender.nid, device: device,
            transactionID: transaction)
    }

    /// What waits for a device now.
    func page(
        _ device: String, of user: UserRecord, after seen: InboxPlace? = nil, limit: Int = 100
    ) async throws -> InboxPage {
        try await base.feed.reachPresent()
        return try await inboxes.page(
            for: device, of: user, after: seen, upTo: base.feed.heads[user.shard], limit: limit)
    }

    func waiting(_ device: String, of user: UserRecord) async throws -> [Int] {
        try await page(device, of: user).numbers
    }

    /// How many rows there are in a table, or in a part of it. Statements are known by their names, so the text is a parameter.
    private static let counting = Statement(
        "test.count",
        """
        select (xpath('/row/c/text()', query_to_xml('select count(*) as c from ' || $1::text, false, true, '')))[1]
            ::text::bigint
        """)

    func count(_ sql: String) async throws -> Int64 {
        let rows = try await pool.query(Self.counting, sql)
        guard var row = rows.first else { return 0 }
        return try row.next(Int64.self)
    }
}

extension InboxPage {
    /// What the messages say.
    var numbers: [Int] {
        messages.compactMap { (try? JSONValue(parsing: $0.body))?["content"]?["n"]?.int.map { Int($0) } }
    }

    var senders: [String] { messages.compactMap { (try? JSONValue(parsing: $0.body))?["sender"]?.string } }
}
