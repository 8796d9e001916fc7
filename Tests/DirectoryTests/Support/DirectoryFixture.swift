import ApusTesting
import Cluster
import Directory
import MatrixCore
import Postgres
import Rooms
import Storage
import Telemetry

/// The directory of a server, and rooms to be in it, on a database of their own.
struct DirectoryFixture: Sendable {
    let directory: RoomDirectory
    let rooms: RoomService

    static func with(
        policy: DirectoryPolicy = .everyone, _ body: (DirectoryFixture) async throws -> Void
    ) async throws {
        try await MigratedDatabase.with { database in
            let pool = database.pool()
            do {
                let rooms = try await roomService(pool, database.serverName)
                let directory = RoomDirectory(store: DirectoryStore(pool: pool), rooms: rooms, policy: policy)
                try await body(DirectoryFixture(directory: directory, rooms: rooms))
                await pool.close()
            } catch {
                await pool.close()
                throw error
            }
        }
    }

    private static func roomService(_ pool: PostgresPool, _ name: ServerName) async throws -> RoomService {
        let telemetry = Telemetry(
            log: .discarding, metrics: MetricsRegistry(), clock: SystemClock(), random: SystemRandomSource())
        let log = LogStore(pool: pool)
        guard let installation = try await log.installation(),
            let key = SigningKey(version: "a", seed: Array(repeating: 7, count: 32))
        else { throw TestingError("no installation") }
        let feed = try await LogFeed.start(
            installation: installation, store: log, hints: NoHints(), telemetry: telemetry)
        let interning = Interning(pool: pool, shardCount: installation.shardCount)
        let reader = RoomReader(
            store: RoomStore(pool: pool), eventStore: EventStore(pool: pool), interning: interning,
            memberships: MembershipStore(pool: pool), feed: feed)
        let writing = RoomWriting(
            reader: reader, numbers: NumberBlocks(pool: pool), feed: feed,
            server: LocalServer(name: name, signingKey: key), localServerNID: try await interning.server(name),
            notifications: NobodyIsNotified(), telemetry: telemetry)
        return RoomService(writing: writing, profiles: ProfileStore(pool: pool), remote: nil) { _, _ in nil }
    }

    private struct NobodyIsNotified: NotificationPolicy {
        func decide(
            for event: Event, number: EventNID, in room: RoomRecord, members: [UserNID], state: RoomSnapshot
        ) async throws -> NotificationDecision { .silent }
    }

    // MARK: What tests do often

    func user(_ name: String) async throws -> UserRecord {
        guard let userID = UserID("@\(name):\(rooms.server.name)") else { throw TestingError("no user id") }
        return try await rooms.reader.interning.user(userID)
    }

    /// A room that everybody may join, made by `creator`.
    func room(
        by creator: UserRecord, members: [UserRecord] = [], _ fill: (inout RoomCreation) -> Void = { _ in }
    ) async throws -> RoomID {
        var creation = RoomCreation(version: .default)
        creation.preset = .publicChat
        fill(&creation)
        let room = try await rooms.create(creation, by: creator, aliases: directory)
        for member in members { try await rooms.join(room, as: member) }
        return room
    }

    /// The ids of the rooms of a page.
    func list(_ query: PublicRoomQuery = PublicRoomQuery()) async throws -> [RoomID] {
        try await directory.publicRooms(query).rooms.map(\.roomID)
    }
}

/// What a body throws as a `MatrixError`; `nil` when it throws none.
func refusal(_ body: () async throws -> Void) async throws -> MatrixError? {
    do {
        try await body()
        return nil
    } catch let error as MatrixError {
        return error
    }
}
