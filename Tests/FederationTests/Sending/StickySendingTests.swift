import Federation
import MatrixCore
import Rooms
import Storage
import Testing

/// - Spec: MSC4354
@Suite(.serialized) struct StickySendingTests {
    @Test func aServerThatComesLaterGetsWhatIsStickyOfOurs() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let (bob, carol) = (try await server.user("bob", on: "b"), try await server.user("carol", on: "c"))
            let room = try await server.room(by: alice)
            try await server.join(room, bob)
            try await server.sending {
                for (text, user) in [("sticky", alice), ("of bob", bob)] {
                    var draft = try server.draft(text, by: user)
                    draft.stickyMilliseconds = 300_000
                    try await server.write(.local([draft]), in: room)
                }
                try await server.say("plain", in: room, as: alice)
                try await server.federation.wait { $0.texts(at: "b.example").contains("plain") }
                try await server.join(room, carol)
                try await server.say("welcome", in: room, as: alice)
                try await server.federation.wait { $0.texts(at: "c.example").contains("welcome") }
                try await server.federation.wait { $0.texts(at: "b.example").contains("welcome") }
                #expect(server.federation.texts(at: "c.example") == ["sticky", "welcome"])
                #expect(server.federation.texts(at: "b.example") == ["sticky", "plain", "welcome"])
            }
        }
    }
}
