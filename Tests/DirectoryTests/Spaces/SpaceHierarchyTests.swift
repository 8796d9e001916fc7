import Directory
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#discovering-rooms-within-spaces
struct SpaceHierarchyTests {
    @Test func roomsComeDepthFirstAndInOrder() async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            var rooms: [RoomID] = []
            for name in ["a", "b", "c"] { rooms.append(try await fixture.room(by: alice) { $0.name = name }) }
            let inner = try await fixture.space(by: alice, of: [rooms[0]])
            let space = try await fixture.space(by: alice) { $0.name = "Everything" }
            // Without an order by time, with one before them, in the order of its bytes.
            try await fixture.link(rooms[2], to: space, by: alice)
            try await fixture.link(rooms[1], to: space, by: alice, ["order": "~", "suggested": true])
            try await fixture.link(inner, to: space, by: alice, ["order": " "])
            let page = try await fixture.walk(space, as: alice)
            #expect(page.rooms.map(\.summary.roomID) == [space, inner, rooms[0], rooms[1], rooms[2]])
            #expect(page.nextBatch == nil)
            let first = try #require(page.rooms.first)
            #expect(first.summary.name == "Everything" && first.summary.type == "m.space")
            #expect(first.summary.members == 1 && first.summary.joinRule == "public")
            #expect(first.summary.version == RoomVersion.default.identifier)
            #expect(first.children.map(\.roomID) == [inner, rooms[1], rooms[2]])
            let child = try JSONValue(parsing: first.children[1].json)
            #expect(child["type"] == "m.space.child" && child["sender"] == "@alice:example.org")
            #expect(child["content"] == ["order": "~", "suggested": true, "via": ["example.org"]])
            #expect(child["state_key"] == .string(rooms[1].description) && child["origin_server_ts"]?.int != nil)
            let suggested = try await fixture.walk(space, as: alice) { $0.isSuggestedOnly = true }
            #expect(suggested.rooms.map(\.summary.roomID) == [space, rooms[1]])
            #expect(suggested.rooms[0].children.map(\.roomID) == [rooms[1]])
            for (depth, count) in [(0, 1), (1, 4), (2, 5), (100, 5)] {
                let page = try await fixture.walk(space, as: alice) { $0.maxDepth = depth }
                #expect(page.rooms.count == count, "\(depth)")
            }
        }
    }

    @Test func aLinkThatIsTakenBackIsNone() async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            let (one, two) = (try await fixture.room(by: alice), try await fixture.room(by: alice))
            let space = try await fixture.space(by: alice, of: [one, two])
            #expect(try await fixture.walk(space, as: alice).rooms.count == 3)
            try await fixture.worker.set(EventType.spaceChild, one.description, to: [:], in: space, as: alice)
            // A redaction changes what is shown, and not the state.
            let record = try await fixture.worker.record(space)
            let link = try #require(
                try await fixture.rooms.reader.current(record)?.event(EventType.spaceChild, two.description))
            _ = try await fixture.rooms.redact(
                link.eventID, in: space, by: alice, reason: nil, device: nil, transactionID: "1")
            for key in ["nonsense", "!\(String(repeating: "x", count: 300)):example.org"] where key.utf8.count <= 255 {
                try await fixture.worker.set(
                    EventType.spaceChild, key, to: ["via": ["example.org"]], in: space, as: alice)
            }
            for content: JSONValue in [["via": "example.org"], ["via": [5]], ["via": []]] {
                try await fixture.worker.set(EventType.spaceChild, one.description, to: content, in: space, as: alice)
            }
            let page = try await fixture.walk(space, as: alice)
            #expect(page.rooms.map(\.summary.roomID) == [space] && page.rooms[0].children.isEmpty)
        }
    }

    /// A space may have thousands of links of the size of an event.
    @Test func largeLinksAreToldInShort() async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            let (room, space) = (try await fixture.room(by: alice), try await fixture.space(by: alice))
            let filling = JSONValue.string(String(repeating: "x", count: 50_000))
            try await fixture.link(
                room, to: space, by: alice, ["order": "a", "suggested": true, "org.example": filling])
            let child = try #require(try await fixture.walk(space, as: alice).rooms.first?.children.first)
            let content = try JSONValue(parsing: child.json)["content"]
            #expect(content == ["order": "a", "suggested": true, "via": ["example.org"]])
        }
    }

    @Test func cyclesEnd() async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            let (one, two) = (try await fixture.space(by: alice), try await fixture.space(by: alice))
            for (child, space) in [(one, one), (two, one), (one, two), (two, two)] {
                try await fixture.link(child, to: space, by: alice)
            }
            #expect(try await fixture.walk(one, as: alice).rooms.map(\.summary.roomID) == [one, two])
            #expect(try await fixture.walk(two, as: alice).rooms.map(\.summary.roomID) == [two, one])
        }
    }

    @Test func pagesGoOnWhereTheyEnded() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            var rooms: [RoomID] = []
            for _ in 0..<5 { rooms.append(try await fixture.room(by: alice)) }
            let inner = try await fixture.space(by: alice, of: Array(rooms[..<3]))
            let space = try await fixture.space(by: alice, of: [inner, rooms[0]] + rooms[3...])
            var found: [RoomID] = []
            var tokens: [String] = []
            repeat {
                let page = try await fixture.walk(space, as: bob) { query in
                    query.limit = 2
                    query.from = tokens.last
                }
                #expect(page.rooms.count <= 2)
                found += page.rooms.map(\.summary.roomID)
                guard let next = page.nextBatch else { break }
                tokens.append(next)
            } while tokens.count < 10
            #expect(found == [space, inner] + rooms)
            // A page may be asked for again, by the same user in the same walk.
            let again = try await fixture.walk(space, as: bob) {
                $0.from = tokens[0]
                $0.limit = 1
            }
            #expect(again.rooms.map(\.summary.roomID) == [rooms[0]])
            func refused(
                as user: UserRecord, _ fill: (inout HierarchyQuery) -> Void, of root: RoomID? = nil
            ) async throws -> Errcode? {
                try await refusal {
                    _ = try await fixture.walk(root ?? space, as: user) {
                        $0.from = tokens[0]
                        fill(&$0)
                    }
                }?.errcode
            }
            #expect(try await refused(as: alice) { _ in } == .invalidParam)
            #expect(try await refused(as: bob) { $0.isSuggestedOnly = true } == .invalidParam)
            #expect(try await refused(as: bob) { $0.maxDepth = 3 } == .invalidParam)
            #expect(try await refused(as: bob) { $0.from = "made-up" } == .invalidParam)
            #expect(try await refused(as: bob, { _ in }, of: inner) == .invalidParam)
        }
    }

    @Test func onlyTheNewestPagesOfAUserAreKept() async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            let space = try await fixture.space(by: alice, of: [try await fixture.room(by: alice)])
            var tokens: [String] = []
            for _ in 0..<25 {
                tokens.append(try #require(try await fixture.walk(space, as: alice) { $0.limit = 1 }.nextBatch))
            }
            var kept = 0
            for token in tokens {
                let refused = try await refusal { _ = try await fixture.walk(space, as: alice) { $0.from = token } }
                if refused == nil { kept += 1 }
            }
            #expect(kept == 20)
        }
    }

    /// Who is told of a room, by its rules and by their membership.
    @Test func whoSeesWhat() async throws {
        try await DirectoryFixture.with { fixture in
            let users = Users(
                creator: try await fixture.user("alice"), member: try await fixture.user("member"),
                invited: try await fixture.user("invited"), banned: try await fixture.user("banned"),
                insider: try await fixture.user("insider"), stranger: try await fixture.user("stranger"))
            let club = try await fixture.room(by: users.creator, members: [users.insider])
            let allow: JSONValue = [["type": "m.room_membership", "room_id": .string(club.description)]]
            let rules: [(JSONValue, seenBy: [UserRecord])] = [
                (["join_rule": "public"], users.all.filter { $0 != users.banned }),
                (["join_rule": "knock"], users.all.filter { $0 != users.banned }),
                (["join_rule": "knock_restricted", "allow": allow], users.all.filter { $0 != users.banned }),
                (["join_rule": "invite"], [users.creator, users.member, users.invited]),
                (
                    ["join_rule": "restricted", "allow": allow],
                    [users.creator, users.member, users.invited, users.insider]
                ),
                (["join_rule": "made-up"], [users.creator, users.member, users.invited]),
            ]
            for (rule, seenBy) in rules {
                let room = try await fixture.room(by: users.creator)
                try await users.arrange(in: room, fixture)
                let space = try await fixture.space(by: users.creator, of: [room])
                try await fixture.worker.set(EventType.joinRules, to: rule, in: room, as: users.creator)
                for user in users.all {
                    let isSeen = seenBy.contains(user)
                    let page = try await fixture.walk(space, as: user)
                    #expect(page.rooms.count == (isSeen ? 2 : 1), "\(rule) \(user.userID)")
                    // The same as where a walk begins, and alone.
                    let refused = try await refusal { _ = try await fixture.walk(room, as: user) }
                    #expect(refused?.errcode == (isSeen ? nil : .forbidden), "\(rule) \(user.userID)")
                    let alone = try await refusal {
                        _ = try await fixture.directory.summary(of: room, via: [], for: user.nid)
                    }
                    #expect(alone?.errcode == (isSeen ? nil : .notFound), "\(rule) \(user.userID)")
                }
                let anyone = try await refusal { _ = try await fixture.directory.summary(of: room, via: [], for: nil) }
                let isOpen = seenBy.contains(users.stranger)
                #expect(anyone?.errcode == (isOpen ? nil : .notFound), "\(rule)")
            }
            // Everybody may look into it.
            let room = try await fixture.room(by: users.creator)
            try await users.arrange(in: room, fixture)
            try await fixture.worker.set(EventType.joinRules, to: ["join_rule": "invite"], in: room, as: users.creator)
            try await fixture.worker.set(
                EventType.historyVisibility, to: ["history_visibility": "world_readable"], in: room, as: users.creator)
            for user in users.all { #expect(try await fixture.walk(room, as: user).rooms.count == 1) }
            _ = try await fixture.directory.summary(of: room, via: [], for: nil)
        }
    }

    private struct Users {
        let creator, member, invited, banned, insider, stranger: UserRecord

        var all: [UserRecord] { [creator, member, invited, banned, insider, stranger] }

        func arrange(in room: RoomID, _ fixture: DirectoryFixture) async throws {
            try await fixture.rooms.join(room, as: member)
            try await fixture.rooms.invite(invited.userID, to: room, by: creator)
            try await fixture.rooms.ban(banned.userID, from: room, by: creator, reason: nil)
        }
    }

    @Test func oneRoomIsToldWithTheMembershipOfWhoAsks() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let room = try await fixture.room(by: alice) { creation in
                creation.name = "Kitchen"
                creation.initialState = [
                    .init(type: EventType.encryption, stateKey: "", content: ["algorithm": "m.megolm.v1.aes-sha2"])
                ]
            }
            let mine = try await fixture.directory.summary(of: room, via: [], for: alice.nid)
            #expect(mine.membership == .join && mine.summary.encryption == "m.megolm.v1.aes-sha2")
            #expect(try await fixture.directory.summary(of: room, via: [], for: bob.nid).membership == .leave)
            #expect(try await fixture.directory.summary(of: room, via: [], for: nil).membership == nil)
            let nowhere = try #require(RoomID("!nowhere:example.org"))
            let refused = try await refusal {
                _ = try await fixture.directory.summary(of: nowhere, via: [], for: bob.nid)
            }
            #expect(refused?.errcode == .notFound)
        }
    }
}
