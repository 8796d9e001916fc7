import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Synchronization
import Telemetry
import Testing

/// Rooms as they come into being.
@Suite struct RoomCreationTests {
    @Test(arguments: [RoomVersion.v11, .v12])
    func manyOfOneMillisecondAreManyRooms(version: RoomVersion) async throws {
        try await TestInstallation.with(clock: StoppedClock()) { installation in
            let workers = [try await installation.worker(), try await installation.worker()]
            let alice = try await workers[0].user("alice")
            let rooms = try await withThrowingTaskGroup(of: RoomID.self) { group in
                for number in 0..<40 {
                    group.addTask { try await workers[number % 2].room(by: alice, version: version) }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(rooms.count == 40)
            #expect(Set(try await workers[0].rooms.joinedRooms(of: alice.nid)) == rooms)
            for worker in workers { await worker.pool.close() }
        }
    }

    @Test func anAliasIsGivenBackWhenTheRoomIsRefused() async throws {
        try await TestInstallation.with { installation in
            let worker = try await installation.worker()
            let alice = try await worker.user("alice")
            let aliases = MemoryAliases()
            var creation = RoomCreation(version: .default)
            creation.aliasLocalpart = "here"
            // Nobody is joined by somebody else's word.
            creation.initialState = [
                .init(type: EventType.member, stateKey: "@bob:example.org", content: ["membership": "join"])
            ]
            let refusal = await #expect(throws: MatrixError.self) {
                _ = try await worker.rooms.create(creation, by: alice, aliases: aliases)
            }
            #expect(refusal?.errcode == .invalidRoomState)
            #expect(aliases.names.isEmpty)
            creation.initialState = []
            let room = try await worker.rooms.create(creation, by: alice, aliases: aliases)
            #expect(aliases.names == ["#here:example.org": room])
            await worker.pool.close()
        }
    }
}

/// Time that stands still for whoever reads it, and passes for whoever waits.
private struct StoppedClock: Clock {
    let nowMilliseconds: Int64 = 1_700_000_000_000
    var monotonic: Duration { SystemClock().monotonic }
    func sleep(until time: Duration) async throws { try await SystemClock().sleep(until: time) }
}

private final class MemoryAliases: AliasReservation {
    private let held = Mutex<[String: RoomID]>([:])

    var names: [String: RoomID] { held.withLock { $0 } }

    func isTaken(_ alias: RoomAlias) async throws -> Bool { names[alias.description] != nil }
    func reserve(_ alias: RoomAlias, for room: RoomRecord, by user: UserRecord) async throws {
        held.withLock { $0[alias.description] = room.roomID }
    }
    func release(_ alias: RoomAlias) async throws { held.withLock { $0[alias.description] = nil } }
    func publish(_ room: RoomRecord) async throws {}
}
