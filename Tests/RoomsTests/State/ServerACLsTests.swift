import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Telemetry
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

    /// ATTACKS 26 (CVE-2023-45129): a list as long as an event can be costs its patterns once for each server, not once for each request.
    @Test func aLongListIsAskedOnceAboutAServer() async throws {
        try await TestInstallation.with { installation in
            let worker = try await installation.worker()
            let alice = try await worker.user("alice")
            let roomID = try await worker.room(by: alice)
            let globs = (0..<3_000).map { JSONValue.string("*\($0)?") }
            let names = (0..<400).map { JSONValue.string("host\($0).example") }
            let domains = (0..<400).map { JSONValue.string("*.domain\($0).example") }
            try await worker.set(
                EventType.serverACL, to: ["allow": ["*"], "deny": .array(globs + names + domains)], in: roomID,
                as: alice)
            let now = try #require(try await worker.rooms.reader.current(try await worker.record(roomID)))
            let verdicts: [(String, Bool)] = [
                ("HOST7.example:8448", false), ("deep.down.DOMAIN399.example", false), ("domain399.example", true),
                ("host400.example", true), ("abc2999x", false), ("abc3000.example", true),
            ]
            for (name, isAllowed) in verdicts + verdicts {
                #expect(try await now.allows(server: try #require(ServerName(name))) == isAllowed, "\(name)")
            }
            let stranger = try #require(ServerName("a-name-that-nobody-has.example"))
            _ = try await now.allows(server: stranger)
            let begun = SystemClock().monotonic
            for _ in 0..<100 { _ = try await now.allows(server: stranger) }
            // The first answer took about a millisecond; a hundred of those would be seen.
            #expect(SystemClock().monotonic - begun < .milliseconds(50))
        }
    }
}
