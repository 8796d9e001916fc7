import ApusTesting
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Sync
import Testing

/// Gaps in rooms whose graph has forks: what came before a timeline may stand behind it in the graph, and is found all the same.
struct ForkedGapTests {
    private func bodies(_ page: RoomService.Page) -> [String] {
        page.events.compactMap { $0.event.content["body"]?.string }
    }

    @Test func aGapIsFilledWhole() async throws {
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
                    try await worker.sync(bob), try await worker.slide(bob, list: .newest(timeline: 1))
                )
                for number in 1...4 { try await worker.say("\(number)", in: room, as: alice) }
                // Said by somebody who had seen none of the four, and so before them in the graph.
                try await worker.base.receive(try view.say("late", as: carol, of: peer), in: record)

                let filter = #"{"room":{"timeline":{"limit":1}}}"#
                let answer = try await worker.sync(bob, since: first.next, filter: filter)
                #expect(answer.bodies(room) == ["late"])
                let slide = try await worker.slide(bob, at: slid.position, list: .newest(timeline: 1))
                #expect(slide.slid(room)?.slidBodies == ["late"])
                let readable = try await worker.rooms.readableRoom(room, by: bob)
                let tokens = [
                    answer.room(room)?["timeline"]?["prev_batch"]?.string, slide.slid(room)?["prev_batch"]?.string,
                    // The end of the answer stands behind all of it.
                    answer.next,
                ].compactMap(\.self)
                #expect(tokens.count == 3)
                for token in tokens {
                    let back = try await worker.rooms.page(
                        of: readable, from: token, to: first.next, direction: .backwards, limit: 20,
                        matching: { $0.event.type == EventType.message })
                    #expect(Set(bodies(back)).isSuperset(of: ["1", "2", "3", "4"]))
                    let forward = try await worker.rooms.page(
                        of: readable, from: first.next, to: token, direction: .forwards, limit: 20,
                        matching: { $0.event.type == EventType.message })
                    #expect(Set(bodies(forward)).isSuperset(of: ["1", "2", "3", "4"]))
                }
            }
        }
    }

    /// A client that has what came late in the graph's middle asks for what came after it.
    @Test func whatStandsBeforeAndCameLaterIsFound() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                let room = try await worker.room(by: alice)
                let record = try await worker.base.record(room)
                let peer = try PeerServer("peer.example")
                let carol = try peer.user("carol")
                var view = try await worker.base.view(of: record)
                try await worker.base.receive(try view.join(carol, of: peer), in: record)
                for number in 1...4 { try await worker.say("\(number)", in: room, as: alice) }
                let first = try await worker.sync(alice)
                try await worker.base.receive(try view.say("late", as: carol, of: peer), in: record)
                let readable = try await worker.rooms.readableRoom(room, by: alice)
                let forward = try await worker.rooms.page(
                    of: readable, from: first.next, to: nil, direction: .forwards, limit: 20, matching: { _ in true })
                #expect(bodies(forward).contains("late"))
                let next = try await worker.sync(alice, since: first.next)
                let back = try await worker.rooms.page(
                    of: readable, from: next.next, to: first.next, direction: .backwards, limit: 20,
                    matching: { _ in true })
                #expect(bodies(back).contains("late"))
            }
        }
    }

    @Test func tokensAreReadAsTheyAreWritten() {
        #expect(HistoryToken("p3-4-5")?.isArrival == true && HistoryToken("p3-4-5")?.text == "p3-4-5")
        #expect(HistoryToken("t3-4-5")?.isArrival == false && HistoryToken("t3-4-5")?.text == "t3-4-5")
        for text in ["", "p", "p3-4", "p3-4-5-6", "q3-4-5", "p3-4-x", "p3-4-99999999999999999999", "pt3-4-5"] {
            #expect(HistoryToken(text) == nil, "\(text)")
        }
    }
}
