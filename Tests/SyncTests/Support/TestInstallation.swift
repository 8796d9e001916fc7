import ApusTesting
import Cluster
import Encryption
import Ephemeral
import MatrixCore
import Postgres
import Push
import Rooms
import RoomsTesting
import Storage

/// A migrated database, and workers on it that write and sync.
struct TestInstallation: Sendable {
    let database: MigratedDatabase

    /// Runs `body` with a new database of its own.
    static func with(_ body: (TestInstallation) async throws -> Void) async throws {
        try await MigratedDatabase.with { try await body(TestInstallation(database: $0)) }
    }

    /// Who decides whom events notify.
    enum Policy {
        /// Messages notify everybody, and what says so highlights.
        case messages
        /// The push rules of the users.
        case rules
    }

    /// Runs one more worker on the database, while `body` runs.
    func withWorker(
        _ policy: Policy = .messages, observer: (any PostgresObserver)? = nil,
        _ body: @escaping @Sendable (TestWorker) async throws -> Void
    ) async throws {
        let worker = try await worker(policy, observer: observer)
        try await worker.base.following(beside: [worker.watches.run, worker.typing.run, worker.deviceWakes.run]) {
            try await body(worker)
        }
        await worker.pool.close()
    }

    /// One more worker, which does not follow the log by itself.
    func worker(_ policy: Policy = .messages, observer: (any PostgresObserver)? = nil) async throws -> TestWorker {
        let pool = database.pool(observer: observer)
        return TestWorker(
            try await RoomsWorker(pool: pool) { interning, feed in
                switch policy {
                case .messages: MessagesNotify()
                case .rules:
                    Notifications(
                        rules: PushRuleStore(pool: pool), accountData: AccountDataStore(pool: pool),
                        memberships: MembershipStore(pool: pool), interning: interning, feed: feed)
                }
            })
    }
}

/// Messages notify everybody, and those that say `highlight` highlight the user who is named next.
struct MessagesNotify: NotificationPolicy {
    func decide(
        for event: Event, number: EventNID, in room: RoomRecord, members: [UserNID], state: RoomSnapshot
    ) async throws -> NotificationDecision {
        guard event.type == EventType.message else { return .silent }
        let exceptions = members.filter { event.content["highlights"]?.int == $0.rawValue }.map {
            NotificationException(userNID: $0, eventNID: number, notifies: true, highlights: true)
        }
        return NotificationDecision(notifiesByDefault: true, exceptions: exceptions)
    }
}
