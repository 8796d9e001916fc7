import ApusTesting
import Cluster
import MatrixCore
import Rooms
import Storage
import Testing

/// Timelines that begin with events which the worker remembers by number, and go on where these end.
struct RoomTailTests {
    private static func filter(_ limit: Int) -> String { #"{"room":{"timeline":{"limit":\#(limit)}}}"# }

    @Test func whatIsRememberedAndWhatIsNotMakeOneTimeline() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { writer in
                try await installation.withWorker { reader in
                    let (alice, bob) = (try await writer.user("alice"), try await writer.user("bob"))
                    let room = try await writer.room(by: alice, members: [bob])
                    var said: [String] = []
                    // The first time what is remembered is all that there is, the last time half of it.
                    for more in [20, 25, 60] {
                        for _ in 0..<more {
                            said.append("\(said.count)")
                            try await writer.say(said.last ?? "", in: room, as: alice)
                        }
                        for (user, limit) in [(alice, 10), (bob, 100), (alice, 49), (bob, 50), (alice, 51), (bob, 1)] {
                            let answer = try await reader.sync(user, filter: Self.filter(limit))
                            let timeline = answer.timeline(room)
                            let isWhole = timeline.first?["type"]?.stringEquals("m.room.create") == true
                            #expect(timeline.count == limit || isWhole, "\(limit) of \(said.count)")
                            #expect(answer.bodies(room) == said.suffix(answer.bodies(room).count), "\(limit)")
                            #expect(answer.room(room)?["timeline"]?["limited"]?.bool == !isWhole, "\(limit)")
                        }
                    }
                }
            }
        }
    }
}
