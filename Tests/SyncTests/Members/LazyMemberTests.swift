import ApusTesting
import MatrixCore
import Rooms
import Storage
import Sync
import Testing

struct LazyMemberTests {
    private static let lazy = #"{"room":{"state":{"lazy_load_members":true},"timeline":{"limit":1}}}"#

    private func members(_ answer: JSONDocument, _ room: RoomID) -> Set<String> {
        Set(answer.state(room).filter { $0["type"]?.string == EventType.member }.compactMap { $0["state_key"]?.string })
    }

    @Test func tellsTheMembersThatAreNeededOnce() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob, carol) = (
                    try await worker.user("alice"), try await worker.user("bob"), try await worker.user("carol")
                )
                let room = try await worker.room(by: alice, members: [bob, carol], name: "N")
                try await worker.say("1", in: room, as: bob)
                let first = try await worker.sync(alice, filter: Self.lazy)
                #expect(members(first, room) == ["@alice:example.org", "@bob:example.org"])
                #expect(first.state(room).contains { $0.stateName == "m.room.create|" })

                try await worker.say("2", in: room, as: bob)
                let second = try await worker.sync(alice, since: first.next, filter: Self.lazy)
                #expect(members(second, room).isEmpty, "the client knows bob")
                try await worker.say("3", in: room, as: carol)
                let third = try await worker.sync(alice, since: second.next, filter: Self.lazy)
                #expect(members(third, room) == ["@carol:example.org"])
                // That answer got lost: asked again, carol is told again.
                let again = try await worker.sync(alice, since: second.next, filter: Self.lazy)
                #expect(members(again, room) == ["@carol:example.org"])
                try await worker.say("4", in: room, as: carol)
                let fourth = try await worker.sync(alice, since: again.next, filter: Self.lazy)
                #expect(members(fourth, room).isEmpty)
                // Another device knows nothing, and who wants all is told all.
                let other = try await worker.sync(alice, since: third.next, filter: Self.lazy, device: "E")
                #expect(members(other, room) == ["@carol:example.org"])
                let redundant = Self.lazy.replacing("true}", with: "true,\"include_redundant_members\":true}")
                let all = try await worker.sync(alice, since: again.next, filter: redundant)
                #expect(members(all, room) == ["@carol:example.org"])
            }
        }
    }

    @Test func tellsEveryMemberThatChangedInAGap() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice)
                let first = try await worker.sync(alice, filter: Self.lazy)
                try await worker.rooms.join(room, as: bob)
                for number in 0..<3 { try await worker.say("\(number)", in: room, as: alice) }
                let second = try await worker.sync(alice, since: first.next, filter: Self.lazy)
                #expect(second.room(room)?["timeline"]?["limited"]?.bool == true)
                #expect(members(second, room) == ["@bob:example.org"])
                #expect(second.room(room)?["summary"]?["m.joined_member_count"]?.int == 2)
                #expect(second.room(room)?["summary"]?["m.heroes"]?.value() == ["@bob:example.org"])
            }
        }
    }

    @Test func tellsTheHeroesOfARoomWithoutName() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                var others: [UserRecord] = []
                for number in 0..<7 { others.append(try await worker.user("u\(number)")) }
                let room = try await worker.room(by: alice, members: others)
                try await worker.say("hi", in: room, as: alice)
                let answer = try await worker.sync(alice, filter: Self.lazy)
                let heroes = answer.room(room)?["summary"]?["m.heroes"]?.all.compactMap(\.string)
                #expect(heroes == others.prefix(5).map(\.userID.description))
                #expect(members(answer, room) == Set(heroes ?? []).union(["@alice:example.org"]))
            }
        }
    }
}
