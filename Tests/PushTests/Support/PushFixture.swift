import ApusTesting
import Cluster
import Ephemeral
import HTTPAPI
import MatrixCore
import NIOPosix
import Postgres
import Push
import Rooms
import RoomsTesting
import Storage
import Telemetry
import Testing
import Transport

/// A migrated database and one worker on it that decides whom events notify, and may send it.
struct PushFixture: Sendable {
    let worker: RoomsWorker
    let rules: PushRules
    let pushers: Pushers
    let store: PusherStore
    let notifications: Notifications
    let receipts: Receipts
    let list: NotificationList

    var pool: PostgresPool { worker.pool }
    var feed: LogFeed { worker.feed }
    var interning: Interning { worker.interning }
    var rooms: RoomService { worker.rooms }
    var telemetry: Telemetry { worker.telemetry }

    static func with(_ body: (PushFixture) async throws -> Void) async throws {
        try await MigratedDatabase.with { database in
            let pool = database.pool()
            do { try await body(try await PushFixture(pool: pool)) } catch {
                await pool.close()
                throw error
            }
            await pool.close()
        }
    }

    private init(pool: PostgresPool) async throws {
        let ruleStore = PushRuleStore(pool: pool)
        var policy: Notifications?
        worker = try await RoomsWorker(pool: pool) { interning, feed in
            let notifications = Notifications(
                rules: ruleStore, accountData: AccountDataStore(pool: pool), memberships: MembershipStore(pool: pool),
                interning: interning, feed: feed)
            policy = notifications
            return notifications
        }
        notifications = try #require(policy)
        rules = PushRules(
            store: ruleStore, interning: worker.interning, feed: worker.feed, telemetry: worker.telemetry)
        store = PusherStore(pool: pool)
        pushers = Pushers(store: store, telemetry: worker.telemetry)
        receipts = EphemeralParts(worker).receipts
        list = NotificationList(
            store: NotificationStore(pool: pool), receipts: ReceiptStore(pool: pool), rooms: worker.rooms,
            notifications: notifications, feed: worker.feed)
    }

    // MARK: What tests do often

    func user(_ name: String) async throws -> UserRecord { try await worker.user(name) }

    /// A public room with these members, made by the first.
    func room(_ members: UserRecord...) async throws -> RoomID {
        try await worker.room(by: members[0], members: Array(members.dropFirst())) { $0.name = "A room" }
    }

    @discardableResult
    func send(
        _ content: JSONValue, type: String = EventType.message, to room: RoomID, as user: UserRecord
    ) async throws -> EventID {
        try await rooms.send(try EventDraft(sender: user, type: type, content: content), to: room)
    }

    func text(_ body: String) -> JSONValue { ["msgtype": "m.text", "body": .string(body)] }

    /// Whether the event notifies and highlights the user, by what was written with it.
    func notified(_ user: UserRecord, of event: EventID, in room: RoomID) async throws -> (Bool, Bool) {
        let record = try await rooms.joinedRoom(room, as: user)
        let stored = try await rooms.reader.events.event(event, in: record)!.stored
        let before = UnreadQuestion(roomNID: record.nid, floor: stored.position - 1, head: stored.position)
        let count = try await ReceiptStore(pool: pool).unread(of: user.nid, in: [before])[record.nid]
        return ((count?.total.notifications ?? 0) > 0, (count?.total.highlights ?? 0) > 0)
    }

    func setPusher(_ gateway: TestGateway, of user: UserRecord, key: String = "key", format: String? = nil) async throws
    {
        var data: JSONValue = ["url": .string(gateway.url), "custom": 1]
        if let format { data["format"] = .string(format) }
        try await pushers.set(
            NewPusher(
                appID: "app", pushkey: key, kind: "http", appDisplayName: "App", deviceDisplayName: "Phone",
                profileTag: nil, language: "en", data: try JSONDocument(parsing: data.canonicalBytes).root,
                append: true), of: user.nid, device: nil)
    }

    /// Runs the duty of sending for the time of `body`, as one worker would.
    func sending(_ body: () async throws -> Void) async throws {
        var configuration = OutboundConfiguration()
        configuration.addressPolicy = AddressPolicy(allowsPrivateAddresses: true)
        let client = try OutboundClient(
            configuration, resolver: SystemResolver(), eventLoopGroup: .singleton, telemetry: telemetry)
        let duty = PushDuty(
            PushServices(
                notifications: notifications, pushers: store, receipts: ReceiptStore(pool: pool), rooms: rooms,
                feed: feed, requests: client, telemetry: telemetry))
        let runner = DutyRunner(
            duty: duty, worker: "push", leases: LeaseStore(pool: pool), timeouts: worker.timeouts, telemetry: telemetry)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [worker] in await worker.timeouts.run() }
            group.addTask { [worker] in await worker.feed.run() }
            group.addTask { await runner.run() }
            defer { group.cancelAll() }
            while runner.slots.count < duty.slotCount { try await Task.sleep(for: .milliseconds(10)) }
            try await body()
            runner.stop()
            while !runner.slots.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        }
        client.shutDown()
    }

    /// An invite of somebody to a room of another server, as its arrival leaves it here.
    func invite(_ user: UserRecord, by sender: String) async throws -> Event {
        let roomID = try #require(RoomID("!r\(user.nid.rawValue):elsewhere.org"))
        var builder = try EventBuilder(
            version: .v11, roomID: roomID, type: EventType.member, stateKey: user.userID.description,
            sender: try #require(UserID(sender)), content: ["membership": "invite"])
        builder.originServerTS = 1
        let event = try builder.signed(by: try #require(ServerName("elsewhere.org")), with: worker.key)
        let name: JSONValue = [
            "type": "m.room.name", "state_key": "", "sender": .string(sender), "content": ["name": "Elsewhere"],
        ]
        let room = try await rooms.ensureRoom(roomID, version: nil)
        let at = try await worker.memberships.setOutOfBand(
            .invite, of: user, in: room.nid, by: EventNID(0),
            strippedState: StrippedState.kept(of: [try JSONDocument(parsing: name.canonicalBytes).root], with: event),
            now: 1)
        feed.announce(.membership, at: at, room: room.nid, user: user.nid)
        return event
    }
}
