import ApusTesting
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// - Spec: MSC4354
struct StickyEventTests {
    private func say(
        _ text: String, sticky: Int64? = nil, in room: RoomID, as user: UserRecord, _ worker: TestWorker
    ) async throws {
        var draft = try worker.base.message(text, by: user)
        draft.stickyMilliseconds = sticky
        _ = try await worker.rooms.send(draft, to: room)
    }

    private func texts(_ answer: JSONDocument, _ room: RoomID) -> [String] {
        answer.room(room, "join")?["msc4354_sticky"]?["events"]?.all.compactMap { $0["content"]?["body"]?.string } ?? []
    }

    @Test func whatTheTimelineLeavesOutIsToldOnce() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let first = try await worker.sync(bob)
                try await say("sticky", sticky: 300_000, in: room, as: alice, worker)
                let second = try await worker.sync(bob, since: first.next)
                #expect(texts(second, room).isEmpty, "it is in the timeline")
                let shown = try #require(second.timeline(room, "join").last)
                #expect(shown["msc4354_sticky"]?["duration_ms"]?.int == 300_000)
                let left = try #require(shown["unsigned"]?["msc4354_sticky_duration_ttl_ms"]?.int)
                #expect((1...300_000).contains(left))

                try await say("behind the gap", sticky: 300_000, in: room, as: alice, worker)
                for number in 0..<3 { try await say("\(number)", in: room, as: alice, worker) }
                let filter = #"{"room":{"timeline":{"limit":2}}}"#
                let third = try await worker.sync(bob, since: second.next, filter: filter)
                #expect(texts(third, room) == ["behind the gap"])
                try await say("more", in: room, as: alice, worker)
                #expect(texts(try await worker.sync(bob, since: third.next, filter: filter), room).isEmpty)

                let types = #"{"room":{"timeline":{"types":["m.reaction"]}}}"#
                #expect(
                    texts(try await worker.sync(bob, since: second.next, filter: types), room) == ["behind the gap"])
            }
        }
    }

    @Test func whoComesLaterIsToldWhateverTheHistoryVisibility() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, carol) = (try await worker.user("alice"), try await worker.user("carol"))
                let room = try await worker.room(by: alice)
                try await worker.base.set(
                    EventType.historyVisibility, to: ["history_visibility": "joined"], in: room, as: alice)
                try await say("plain", in: room, as: alice, worker)
                try await say("sticky", sticky: 300_000, in: room, as: alice, worker)
                let before = try await worker.sync(carol)
                try await worker.rooms.join(room, as: carol)
                let after = try await worker.sync(carol, since: before.next)
                #expect(texts(after, room) == ["sticky"])
                #expect(!after.timeline(room, "join").contains { $0["content"]?["body"]?.string == "plain" })
                try await worker.rooms.leave(room, as: carol)
                #expect(try await worker.sync(carol, since: after.next).room(room, "join") == nil)
            }
        }
    }
}
