import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Testing

/// Who sees what of a room's history.
@Suite struct EventVisibilityTests {
    /// Alice speaks before Bob joins, while he is in, and after he left.
    private func visible(_ visibility: String) async throws -> (now: [String], left: [String]) {
        var result: (now: [String], left: [String]) = ([], [])
        try await TestInstallation.with { installation in
            let worker = try await installation.worker()
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
            var creation = RoomCreation(version: .default)
            creation.preset = .publicChat
            creation.initialState = [
                .init(
                    type: EventType.historyVisibility, stateKey: "",
                    content: ["history_visibility": .string(visibility)])
            ]
            let room = try await worker.rooms.create(creation, by: alice, aliases: nil)
            try await worker.say("before", in: room, as: alice)
            try await worker.rooms.join(room, as: bob)
            try await worker.say("during", in: room, as: alice)
            result.now = try await worker.messages(in: room, for: bob)
            try await worker.rooms.leave(room, as: bob)
            try await worker.say("after", in: room, as: alice)
            result.left = try await worker.messages(in: room, for: bob)
            await worker.pool.close()
        }
        return result
    }

    @Test func sharedHistoryIsSeenUpToLeaving() async throws {
        let seen = try await visible("shared")
        #expect(seen.now == ["before", "during"])
        #expect(seen.left == ["before", "during"])
    }

    @Test func joinedHistoryIsSeenWhileJoined() async throws {
        let seen = try await visible("joined")
        #expect(seen.now == ["during"])
        #expect(seen.left == ["during"])
    }

    @Test func invitedHistoryIsNotSeenByWhoJoinedWithoutAnInvite() async throws {
        let seen = try await visible("invited")
        #expect(seen.now == ["during"])
        #expect(seen.left == ["during"])
    }

    @Test func worldReadableHistoryIsSeenByAll() async throws {
        let seen = try await visible("world_readable")
        #expect(seen.now == ["before", "during"])
        #expect(seen.left == ["before", "during", "after"])
    }

    @Test func strangersSeeNothing() async throws {
        try await TestInstallation.with { installation in
            let worker = try await installation.worker()
            let (alice, mallory) = (try await worker.user("alice"), try await worker.user("mallory"))
            let room = try await worker.room(by: alice)
            let said = try await worker.say("secret", in: room, as: alice)
            for id in [room, RoomID("!nowhere:example.org")!] {
                let refusal = await #expect(throws: MatrixError.self) {
                    let readable = try await worker.rooms.readableRoom(id, by: mallory)
                    _ = try await worker.rooms.event(said, in: readable)
                }
                #expect(refusal == .unknownRoom)
            }
            await worker.pool.close()
        }
    }
}
