import Directory
import MatrixCore
import Rooms
import Storage
import Testing

/// Spaces that lead to rooms of other servers.
struct RemoteSpaceTests {
    private let there = ServerName("there.example")!

    private func room(_ name: String, _ rule: String? = "public", type: String? = nil) throws -> RoomSummary {
        var summary = RoomSummary(roomID: try #require(RoomID("!\(name):there.example")), members: 3)
        summary.name = name
        summary.joinRule = rule
        summary.type = type
        return summary
    }

    private func link(_ room: RoomID) throws -> SpaceChild {
        let content = try JSONDocument(parsing: Array(#"{"via":["there.example"]}"#.utf8)).root
        return try #require(
            SpaceChild(stateKey: room.description, sender: "@b:there.example", time: 1, content: content))
    }

    private func hierarchy(
        _ room: RoomSummary, _ children: [RoomSummary] = [], told: [RoomSummary]? = nil, without: Set<RoomID> = []
    ) throws -> RemoteHierarchy {
        RemoteHierarchy(
            room: room, children: try children.map { try link($0.roomID) }, childSummaries: told ?? children,
            inaccessible: without)
    }

    @Test func roomsThatWeAreNotInAreAskedFor() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let (one, two) = (try room("one"), try room("two"))
            let inner = try room("inner", type: "m.space")
            let secret = try room("secret")
            fixture.elsewhere.tell(try hierarchy(inner, [one, two, secret], told: [one], without: [secret.roomID]))
            fixture.elsewhere.tell(try hierarchy(two))
            let space = try await fixture.space(by: alice)
            for room in [inner, try room("silent")] {
                try await fixture.link(room.roomID, to: space, by: alice, via: "there.example")
            }
            let page = try await fixture.walk(space, as: bob)
            #expect(page.rooms.map(\.summary.roomID) == [space, inner.roomID, one.roomID, two.roomID])
            #expect(page.rooms.map(\.summary.name).suffix(3) == ["inner", "one", "two"])
            // What was told with the space is not asked for again, nor what nobody here may see.
            let silent = try room("silent").roomID
            #expect(Set(fixture.elsewhere.asked) == [inner.roomID, two.roomID, silent])
            #expect(page.nextBatch == nil)
        }
    }

    @Test func whatTheServerMaySeeItsUsersNeedNot() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let club = try await fixture.room(by: alice)
            var restricted = try room("restricted", "restricted")
            restricted.allowedRooms = [club]
            let invited = try room("invited", "invite")
            for room in [restricted, invited] { fixture.elsewhere.tell(try hierarchy(room)) }
            let record = try await fixture.rooms.ensureRoom(invited.roomID, version: nil)
            _ = try await fixture.rooms.reader.memberships.setOutOfBand(
                .invite, of: bob, in: record.nid, by: EventNID(0), strippedState: nil, now: 1)
            func seen(_ room: RoomSummary, by user: UserRecord) async throws -> Bool {
                let refused = try await refusal {
                    _ = try await fixture.walk(room.roomID, as: user) { $0.servers = [there] }
                }
                let alone = try await refusal {
                    _ = try await fixture.directory.summary(of: room.roomID, via: [there], for: user.nid)
                }
                #expect((refused == nil) == (alone == nil))
                return refused == nil
            }
            #expect(try await seen(restricted, by: alice))
            #expect(try await !seen(restricted, by: bob))
            #expect(try await !seen(invited, by: alice))
            #expect(try await seen(invited, by: bob))
            // Whoever does not say who they are has nobody asked.
            let count = fixture.elsewhere.asked.count
            fixture.elsewhere.tell(try hierarchy(try room("open")))
            let anyone = try await refusal {
                _ = try await fixture.directory.summary(of: try room("open").roomID, via: [there], for: nil)
            }
            #expect(anyone?.errcode == .notFound && fixture.elsewhere.asked.count == count)
        }
    }

    /// What we know ourselves counts, whatever others say of it; and nobody is believed about a room that was not asked for.
    @Test func othersSayNothingOfOurRooms() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let ours = try await fixture.room(by: alice) { $0.preset = .privateChat }
            var claimed = RoomSummary(roomID: ours, members: 1_000)
            claimed.joinRule = "public"
            let space = try room("space", type: "m.space")
            fixture.elsewhere.tell(try hierarchy(space, [claimed]))
            let page = try await fixture.walk(space.roomID, as: bob) { $0.servers = [there] }
            #expect(page.rooms.map(\.summary.roomID) == [space.roomID])
            let seen = try await fixture.walk(space.roomID, as: alice) { $0.servers = [there] }
            #expect(seen.rooms.map(\.summary.members) == [3, 1])
        }
    }

    /// A space of thousands of rooms that nobody answers for costs each page a bounded number of questions.
    @Test func aPageAsksSoOftenAndNoMore() async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            let rooms = try (0..<100).map { try room("silent\($0)") }
            let space = try room("space", type: "m.space")
            fixture.elsewhere.tell(try hierarchy(space, rooms, told: []))
            var from: String?
            var pages = 0
            var found: [RoomID] = []
            repeat {
                let before = fixture.elsewhere.asked.count
                let page = try await fixture.walk(space.roomID, as: alice) {
                    $0.servers = [there]
                    $0.from = from
                }
                #expect(fixture.elsewhere.asked.count - before <= 48)
                found += page.rooms.map(\.summary.roomID)
                from = page.nextBatch
                pages += 1
            } while from != nil && pages < 10
            #expect(found == [space.roomID] && from == nil)
        }
    }
}
