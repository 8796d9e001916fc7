import Federation
import FederationAPI
import MatrixCore
import Rooms
import Storage
import Testing

/// What other servers may have of events.
@Suite struct ServerVisibilityTests {
    private let there = ForeignServer("there.test")

    /// What a server that came late has of what was said before it was invited, before it joined, and after.
    private func seen(_ visibility: String) async throws -> [String?] {
        var seen: [String?] = []
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            try await here.set(
                EventType.historyVisibility, to: ["history_visibility": .string(visibility)], in: room, by: alice)
            var said = [try await here.say("before", in: room, by: alice)]
            try await here.set(
                EventType.member, there.user("bob").description, to: ["membership": "invite"], in: room, by: alice)
            said.append(try await here.say("invited", in: room, by: alice))
            try await here.join(there, "bob", to: room)
            said.append(try await here.say("joined", in: room, by: alice))
            for id in said {
                let event = try await here.history.event(id, for: there.name)
                #expect(event.eventID == id)
                seen.append(event.content["body"]?.string)
            }
            let stretch = try await here.history.backfill(room.roomID, from: [said[2]], limit: 100, for: there.name)
            let bodies = said.map { id in stretch.first { $0.eventID == id }?.content["body"]?.string }
            #expect(bodies == seen)
        }
        return seen
    }

    @Test func followsTheHistoryVisibility() async throws {
        #expect(try await seen("world_readable") == ["before", "invited", "joined"])
        #expect(try await seen("shared") == ["before", "invited", "joined"])
        #expect(try await seen("invited") == [nil, "invited", "joined"])
        #expect(try await seen("joined") == [nil, nil, "joined"])
    }

    @Test func keepsPrunedWhatWasRedacted() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            let said = try await here.say("oops", in: room, by: alice)
            let topic = try await here.set(EventType.topic, to: ["topic": "oops"], in: room, by: alice)
            for (number, id) in [said, topic].enumerated() {
                _ = try await here.rooms.redact(
                    id, in: room.roomID, by: alice, reason: nil, device: nil, transactionID: "\(number)")
            }
            let joined = try await here.join(there, "bob", to: room)
            #expect(try await here.history.event(said, for: there.name).content.count == 0)
            let told = try #require(joined.state.first { $0["type"]?.stringEquals(EventType.topic) == true })
            #expect(told["content"]?.count == 0)
            // It still is the event that it was.
            #expect(try Event.receive(told, in: .v12).event.eventID == topic)
        }
    }
}
