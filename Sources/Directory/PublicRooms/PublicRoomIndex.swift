import Cluster
import MatrixCore
import Rooms
import Storage
import Synchronization
import Telemetry

/// The published rooms as this worker knows them, in the order of the list.
///
/// A list may be old by as much as twenty times what making it takes: so no more than a twentieth of the time goes into it
/// however often it is asked for, and a small one is always as things are.
final class PublicRoomIndex: Sendable {
    /// For so many times what making it took a list is good.
    private static let patience = 20
    /// Nor is it ever older.
    private static let longestPatience = Duration.seconds(60)

    private struct State {
        var rooms: [PublishedRoom] = []
        var goodUntil: Duration?
        /// How often this worker has changed what is published.
        var changes = 0
    }

    private let store: DirectoryStore
    private let rooms: RoomService
    private let summaries: RoomSummaries
    private let questions: SharedQuestions<Int, [PublishedRoom]>
    private let state = Mutex(State())

    init(store: DirectoryStore, rooms: RoomService, summaries: RoomSummaries) {
        self.store = store
        self.rooms = rooms
        self.summaries = summaries
        questions = SharedQuestions(clock: rooms.writing.telemetry.clock)
    }

    private var clock: any Clock { rooms.writing.telemetry.clock }

    /// What is published has changed: who asks from now on is told.
    func invalidate() {
        state.withLock { state in
            state.goodUntil = nil
            state.changes += 1
        }
    }

    /// All published rooms that we are in, those with most members first.
    func list() async throws -> [PublishedRoom] {
        let known = state.withLock { state -> [PublishedRoom]? in
            guard let goodUntil = state.goodUntil, clock.monotonic < goodUntil else { return nil }
            return state.rooms
        }
        if let known { return known }
        return try await questions.ask([0]) { _ in try await read() }
    }

    private func read() async throws -> [PublishedRoom] {
        let begin = clock.monotonic
        let changes = state.withLock(\.changes)
        let published = try await store.published()
        let records = try await rooms.reader.store.rooms(published.map(\.room))
        let found = try await summaries.summaries(of: Array(records.values))
        let list = published.compactMap { entry -> PublishedRoom? in
            guard let room = found[entry.room], room.isResident, room.summary.members > 0 else { return nil }
            return PublishedRoom(
                nid: entry.room, summary: room.summary, isOwn: entry.isOwn, networks: entry.networks)
        }.sorted { $0.place < $1.place }
        let took = clock.monotonic - begin
        state.withLock { state in
            state.rooms = list
            if state.changes == changes {
                state.goodUntil = clock.monotonic + min(took * Self.patience, Self.longestPatience)
            }
        }
        return list
    }
}
