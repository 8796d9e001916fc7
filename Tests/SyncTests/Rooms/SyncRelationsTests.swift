import MatrixCore
import Rooms
import Storage
import Testing

/// What a sync tells of what relates to the events in it.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#aggregations-of-child-events
@Suite struct SyncRelationsTests {
    private func edit(_ event: EventID, in room: RoomID, by user: UserRecord, _ worker: TestWorker) async throws {
        try await worker.say(
            "* changed", in: room, as: user,
            [
                "m.new_content": ["body": "changed"],
                "m.relates_to": ["rel_type": "m.replace", "event_id": .string(event.description)],
            ])
    }

    @Test func onlyATimelineWithAGapTellsThem() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let before = try await worker.sync(bob)
                func edited(_ answer: JSONDocument, _ event: EventID) -> Bool {
                    let found = answer.timeline(room).first { $0["event_id"]?.string == event.description }
                    return found?["unsigned"]?["m.relations"]?["m.replace"] != nil
                }
                let said = try await worker.say("hello", in: room, as: alice)
                try await edit(said, in: room, by: alice, worker)
                // The client sees the edit itself.
                let whole = try await worker.sync(bob, since: before.next)
                #expect(!edited(whole, said))
                #expect(whole.bodies(room) == ["hello", "* changed"])
                for number in 0..<8 { try await worker.say("\(number)", in: room, as: alice) }
                let limited = try await worker.sync(
                    bob, since: before.next, filter: #"{"room":{"timeline":{"limit":9}}}"#)
                #expect(limited.room(room)?["timeline"]?["limited"]?.bool == true)
                // The first of them is the edit of an event that is not among them.
                #expect(limited.bodies(room).first == "* changed")
                let first = try await worker.sync(bob)
                #expect(edited(first, said))
            }
        }
    }
}
