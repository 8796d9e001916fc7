import ApusTesting
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Telemetry

/// A migrated database, and workers that write rooms into it.
struct TestInstallation: Sendable {
    static let serverName = ServerName("example.org")!

    let database: MigratedDatabase
    let telemetry: Telemetry

    /// Runs `body` with a new database of its own.
    static func with(clock: any Clock = SystemClock(), _ body: (TestInstallation) async throws -> Void) async throws {
        try await MigratedDatabase.with(serverName.description) { database in
            try await body(TestInstallation(database: database, telemetry: .silent(clock: clock)))
        }
    }

    /// One more worker on the database.
    func worker() async throws -> RoomsWorker { try await RoomsWorker(on: database, telemetry: telemetry) }
}

extension RoomsWorker {
    /// The content of an event as the user is shown it.
    func content(of event: EventID, in room: RoomID, for user: UserRecord) async throws -> JSONView {
        let readable = try await rooms.readableRoom(room, by: user)
        return try rooms.content(of: try await rooms.event(event, in: readable))
    }
}
