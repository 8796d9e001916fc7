import ApusTesting
import Cluster
import Ephemeral
import MatrixCore
import Postgres
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

    /// Runs one more worker on the database, while `body` runs.
    func withWorker(_ body: @escaping @Sendable (TestWorker) async throws -> Void) async throws {
        let worker = try await worker()
        try await worker.base.following(beside: [worker.watches.run, worker.typing.run]) { try await body(worker) }
        await worker.pool.close()
    }

    /// One more worker, which does not follow the log by itself.
    func worker() async throws -> TestWorker {
        TestWorker(try await RoomsWorker(on: database) { _, _ in MessagesNotify() })
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
