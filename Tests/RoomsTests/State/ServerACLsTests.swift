import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

@Suite struct ServerACLsTests {
    @Test func allowsEverybodyUntilTheRoomSaysOtherwise() async throws {
        try await TestInstallation.with { installation in
            let worker = try await installation.worker()
            let alice = try await worker.user("alice")
            let roomID = try await worker.room(by: alice)
            let room = try #require(try await worker.rooms.reader.room(roomID))
            let evil = try #require(ServerName("evil.example:8448"))
            #expect(try await worker.rooms.reader.current(room)?.allows(server: evil) == true)

            let content: JSONValue = ["allow": ["*"], "deny": ["evil.*"]]
            let draft = try EventDraft(sender: alice, type: EventType.serverACL, stateKey: "", content: content)
            _ = try await worker.rooms.send(draft, to: roomID)
            #expect(try await worker.rooms.reader.current(room)?.allows(server: evil) == false)
            #expect(
                try await worker.rooms.reader.current(room)?.allows(server: TestInstallation.serverName) == true)
        }
    }
}
