import Directory
import MatrixCore
import Rooms
import RoomsTesting
import Storage

/// The directory of a server, and rooms to be in it, on a database of their own.
struct DirectoryFixture: Sendable {
    let directory: RoomDirectory
    let worker: RoomsWorker

    var rooms: RoomService { worker.rooms }

    static func with(
        policy: DirectoryPolicy = .everyone, _ body: (DirectoryFixture) async throws -> Void
    ) async throws {
        try await RoomsWorker.with { worker in
            let store = DirectoryStore(pool: worker.pool)
            let directory = RoomDirectory(store: store, rooms: worker.rooms, policy: policy)
            try await body(DirectoryFixture(directory: directory, worker: worker))
        }
    }

    // MARK: What tests do often

    func user(_ name: String) async throws -> UserRecord { try await worker.user(name) }

    /// A room that everybody may join, made by `creator`.
    func room(
        by creator: UserRecord, members: [UserRecord] = [], _ fill: (inout RoomCreation) -> Void = { _ in }
    ) async throws -> RoomID {
        try await worker.room(by: creator, members: members, aliases: directory, fill)
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
