import ApusTesting
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Sync
import Testing

/// What other servers did not send: clients are told that something is missing, so that they ask for the history.
struct FederationGapTests {
    @Test func aTimelineBeginsAnewBehindAGap() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let record = try await worker.base.record(room)
                let peer = try PeerServer("peer.example")
                let carol = try peer.user("carol")
                var view = try await worker.base.view(of: record)
                try await worker.base.receive(try view.join(carol, of: peer), in: record)
                let (first, slid) = (
                    try await worker.sync(bob), try await worker.slide(bob, list: .newest(timeline: 20))
                )
                try await worker.say("before", in: room, as: alice)
                _ = try view.say("lost", as: carol, of: peer)
                let state = Array(view.state.values)
                try await worker.base.receive(try view.say("after", as: carol, of: peer), in: record, after: state)
                try await worker.say("end", in: room, as: alice)
                // Whether the client knows what is before the gap or not, from memory and from what is stored.
                try await installation.withWorker { cold in
                    for reader in [worker, cold] {
                        for since in [nil, first.next] {
                            let answer = try await reader.sync(bob, since: since)
                            #expect(answer.bodies(room) == ["after", "end"])
                            #expect(answer.room(room)?["timeline"]?["limited"]?.bool == true)
                        }
                        for position in [nil, slid.position] {
                            let answer = try await reader.slide(
                                bob, at: position, list: .newest(timeline: 20), connection: position == nil ? "new" : ""
                            )
                            #expect(answer.slid(room)?.slidBodies == ["after", "end"])
                            #expect(answer.slid(room)?["limited"]?.bool == true)
                        }
                        let timeline = try await reader.sync(bob, since: first.next).room(room)?["timeline"]
                        let token = try #require(timeline?["prev_batch"]?.string)
                        let readable = try await reader.rooms.readableRoom(room, by: bob)
                        let page = try await reader.rooms.page(
                            of: readable, from: token, to: nil, direction: .backwards, limit: 1,
                            matching: { $0.event.type == EventType.message })
                        #expect(page.events.first?.event.content["body"]?.string == "before")
                    }
                }
                // Only the step over the gap is cut.
                let next = try await worker.sync(bob, since: first.next)
                try await worker.say("more", in: room, as: alice)
                let more = try await worker.sync(bob, since: next.next)
                #expect(more.bodies(room) == ["more"])
                #expect(more.room(room)?["timeline"]?["limited"]?.bool == false)
            }
        }
    }
}
