import ApusTesting
import Directory
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Testing

/// How often the database is asked: never once for each room.
struct DirectoryCostTests {
    private static let count = 60

    /// Rooms made by one worker, as another one finds them that knows nothing yet.
    private func withColdWorker(
        _ body: (_ cold: DirectoryFixture, _ space: RoomID, _ alice: UserRecord, StatementCounter) async throws -> Void
    ) async throws {
        try await MigratedDatabase.with { database in
            let writer = DirectoryFixture(try await RoomsWorker(on: database), .everyone)
            let alice = try await writer.user("alice")
            var rooms: [RoomID] = []
            for number in 0..<Self.count {
                rooms.append(
                    try await writer.room(by: alice) {
                        $0.isPublished = true
                        $0.name = "Room \(number)"
                    })
            }
            let space = try await writer.space(by: alice, of: rooms)
            let counter = StatementCounter()
            let cold = DirectoryFixture(try await RoomsWorker(pool: database.pool(observer: counter)), .everyone)
            try await body(cold, space, alice, counter)
            await writer.worker.pool.close()
            await cold.worker.pool.close()
        }
    }

    @Test func aListIsReadTogether() async throws {
        try await withColdWorker { cold, _, alice, counter in
            let (page, statements) = try await counter.counting {
                try await cold.directory.publicRooms(PublicRoomQuery(searchTerm: "room 7"))
            }
            #expect(page.rooms.map(\.name) == ["Room 7"])
            #expect(statements.values.reduce(0, +) <= 15, "\(statements)")
            // Made anew: nothing has changed.
            let first = try #require(page.rooms.first).roomID
            try await cold.directory.setPublished(true, first, by: alice, isAdministrator: true)
            let (again, few) = try await counter.counting {
                try await cold.directory.publicRooms(PublicRoomQuery(limit: 500))
            }
            #expect(again.rooms.count == Self.count)
            #expect(few.values.reduce(0, +) <= 2, "\(few)")
            let (_, none) = try await counter.counting { try await cold.directory.publicRooms(PublicRoomQuery()) }
            #expect(none.askedByRequests.isEmpty, "\(none)")
        }
    }

    @Test func aSpaceIsReadTogether() async throws {
        try await withColdWorker { cold, space, alice, counter in
            let (page, statements) = try await counter.counting { try await cold.walk(space, as: alice) }
            #expect(page.rooms.count == 50 && page.nextBatch != nil)
            #expect(statements.values.reduce(0, +) <= 30, "\(statements)")
            let (_, warm) = try await counter.counting { try await cold.walk(space, as: alice) }
            #expect(warm.values.reduce(0, +) <= 6, "\(warm)")
        }
    }
}
