import Directory
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#published-room-directory
struct PublicRoomsTests {
    @Test func aPublishedRoomIsListedAsItIs() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let room = try await fixture.room(by: alice, members: [bob]) {
                $0.isPublished = true
                $0.name = "Kitchen"
                $0.topic = "What there is to eat"
                $0.aliasLocalpart = "kitchen"
            }
            _ = try await fixture.room(by: alice)
            let page = try await fixture.directory.publicRooms(PublicRoomQuery())
            let entry = try #require(page.rooms.first)
            #expect(page.rooms.count == 1 && page.total == 1)
            #expect(page.nextBatch == nil && page.previousBatch == nil)
            #expect(entry.roomID == room && entry.members == 2)
            #expect(entry.name == "Kitchen" && entry.topic == "What there is to eat")
            #expect(entry.canonicalAlias == "#kitchen:example.org" && entry.joinRule == "public")
            #expect(!entry.isWorldReadable && !entry.allowsGuests)
            #expect(try await fixture.directory.isPublished(room))
            // Nobody is in it any more.
            for user in [alice, bob] { try await fixture.rooms.leave(room, as: user) }
            #expect(try await fixture.soon { try await fixture.list().isEmpty })
        }
    }

    @Test func largestRoomsComeFirstPageByPage() async throws {
        try await DirectoryFixture.with { fixture in
            let users = [
                try await fixture.user("alice"), try await fixture.user("bob"), try await fixture.user("carol"),
            ]
            var expected: [RoomID] = []
            for size in [3, 2, 1] {
                expected.append(
                    try await fixture.room(by: users[0], members: Array(users[1..<size])) { $0.isPublished = true })
            }
            var query = PublicRoomQuery(limit: 2)
            let first = try await fixture.directory.publicRooms(query)
            #expect(first.rooms.map(\.roomID) == Array(expected[..<2]))
            #expect(first.total == 3 && first.previousBatch == nil)
            query.since = first.nextBatch
            let second = try await fixture.directory.publicRooms(query)
            #expect(second.rooms.map(\.roomID) == [expected[2]])
            #expect(second.nextBatch == nil)
            query.since = second.previousBatch
            #expect(try await fixture.list(query) == Array(expected[..<2]))
            for since in ["x", "p-1", "f", "f1", "f1_", "f1_-1", "f-1_1", "g1_1", "f1_99999999999999999999", "b1_1_1"] {
                query.since = since
                #expect(try await refusal { _ = try await fixture.list(query) }?.errcode == .invalidParam, "\(since)")
            }
        }
    }

    @Test func whatIsLookedForIsFound() async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            let kitchen = try await fixture.room(by: alice) {
                $0.isPublished = true
                $0.name = "The KITCHEN"
            }
            let hall = try await fixture.room(by: alice) {
                $0.isPublished = true
                $0.topic = "where the kitchen is"
            }
            let space = try await fixture.room(by: alice) {
                $0.isPublished = true
                $0.creationContent = ["type": "m.space"]
            }
            #expect(Set(try await fixture.list(PublicRoomQuery(searchTerm: "kitchen"))) == [kitchen, hall])
            #expect(try await fixture.list(PublicRoomQuery(searchTerm: "cellar")).isEmpty)
            #expect(try await fixture.list(PublicRoomQuery(types: ["m.space"])) == [space])
            #expect(Set(try await fixture.list(PublicRoomQuery(types: [nil]))) == [kitchen, hall])
            #expect(Set(try await fixture.list(PublicRoomQuery(types: [nil, "m.space"]))) == [kitchen, hall, space])
        }
    }

    /// Rooms that come and go do not make others come twice or not at all.
    @Test func pagesAreReadForthAndBack() async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            var rooms: [RoomID] = []
            for _ in 0..<7 { rooms.append(try await fixture.room(by: alice) { $0.isPublished = true }) }
            var query = PublicRoomQuery(limit: 3)
            var forth: [RoomID] = []
            var pages: [PublicRoomPage] = []
            repeat {
                let page = try await fixture.directory.publicRooms(query)
                forth += page.rooms.map(\.roomID)
                pages.append(page)
                query.since = page.nextBatch
                // It is no part of what follows.
                try await fixture.directory.setPublished(false, rooms[0], by: alice, isAdministrator: false)
            } while query.since != nil
            #expect(forth == rooms && pages.map(\.rooms.count) == [3, 3, 1])
            query.since = pages[2].previousBatch
            let before = try await fixture.directory.publicRooms(query)
            #expect(before.rooms.map(\.roomID) == Array(rooms[3..<6]))
            query.since = before.previousBatch
            let first = try await fixture.directory.publicRooms(query)
            #expect(first.rooms.map(\.roomID) == Array(rooms[1..<3]))
            #expect(first.previousBatch == nil && first.nextBatch != nil)
        }
    }

    @Test func aRedactedNameIsNotShown() async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            let room = try await fixture.room(by: alice) { $0.isPublished = true }
            let name = try await fixture.worker.set(EventType.name, to: ["name": "Otters"], in: room, as: alice)
            #expect(try await fixture.directory.publicRooms(PublicRoomQuery()).rooms.first?.name == "Otters")
            _ = try await fixture.rooms.redact(name, in: room, by: alice, reason: nil, device: nil, transactionID: "1")
            let isGone = try await fixture.soon {
                try await fixture.directory.publicRooms(PublicRoomQuery()).rooms.first?.name == nil
            }
            #expect(isGone)
        }
    }

    @Test func networksHaveListsOfTheirOwn() async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            let own = try await fixture.room(by: alice) { $0.isPublished = true }
            let irc = try await fixture.room(by: alice)
            try await fixture.directory.setShown(true, irc, on: "freenode", by: "irc")
            #expect(try await fixture.list() == [own])
            #expect(try await fixture.list(PublicRoomQuery(list: .network("freenode"))) == [irc])
            #expect(try await fixture.list(PublicRoomQuery(list: .network("oftc"))).isEmpty)
            #expect(Set(try await fixture.list(PublicRoomQuery(list: .all))) == [own, irc])
            // What one service shows another one does not hide.
            try await fixture.directory.setShown(false, irc, on: "freenode", by: "other")
            #expect(try await fixture.list(PublicRoomQuery(list: .network("freenode"))) == [irc])
            try await fixture.directory.setShown(false, irc, on: "freenode", by: "irc")
            #expect(try await fixture.list(PublicRoomQuery(list: .network("freenode"))).isEmpty)
            for network in ["", String(repeating: "n", count: 256)] {
                let refused = try await refusal {
                    try await fixture.directory.setShown(true, irc, on: network, by: "irc")
                }
                #expect(refused?.errcode == .invalidParam)
            }
        }
    }

    @Test func otherServersAreAskedForTheirLists() async throws {
        try await DirectoryFixture.with { fixture in
            let there = try #require(ServerName("there.example"))
            var summary = RoomSummary(roomID: try #require(RoomID("!there:there.example")), members: 5)
            summary.name = "There"
            fixture.elsewhere.tell(
                PublicRoomPage(rooms: [summary], nextBatch: "n", previousBatch: nil, total: 9), of: there)
            let page = try await fixture.directory.publicRooms(PublicRoomQuery(limit: 0), of: there)
            #expect(page.rooms == [summary] && page.nextBatch == "n" && page.total == 9)
            #expect(fixture.elsewhere.queries.map(\.limit) == [100])
            let silent = try #require(ServerName("silent.example"))
            let refused = try await refusal {
                _ = try await fixture.directory.publicRooms(PublicRoomQuery(), of: silent)
            }
            #expect(refused?.status == 502)
            #expect(
                try await fixture.directory.publicRooms(PublicRoomQuery(), of: fixture.rooms.server.name).total == 0)
        }
    }

    /// ATTACKS: a term of a megabyte, and one that a naive search would take long for.
    @Test func whatIsLookedForCostsLittle() async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            let topic = String(repeating: "a", count: 20_000)
            let room = try await fixture.room(by: alice) {
                $0.isPublished = true
                $0.topic = topic + "b"
            }
            #expect(try await fixture.list(PublicRoomQuery(searchTerm: String(repeating: "a", count: 500))) == [room])
            for term in [String(repeating: "a", count: 511) + "b", String(repeating: "x", count: 1 << 20)] {
                #expect(try await fixture.list(PublicRoomQuery(searchTerm: term)).isEmpty)
            }
            let shown = try await fixture.directory.publicRooms(PublicRoomQuery()).rooms.first?.topic
            #expect(shown?.utf8.count == 4_096)
        }
    }

    @Test func onlyWhoMayNameARoomPublishesIt() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let room = try await fixture.room(by: alice, members: [bob])
            func publish(_ isPublished: Bool, by user: UserRecord) async throws -> MatrixError? {
                try await refusal {
                    try await fixture.directory.setPublished(isPublished, room, by: user, isAdministrator: false)
                }
            }
            #expect(try await publish(true, by: bob)?.errcode == .forbidden)
            #expect(try await fixture.list().isEmpty)
            #expect(try await publish(true, by: alice) == nil)
            #expect(try await fixture.list() == [room])
            #expect(try await publish(false, by: bob)?.errcode == .forbidden)
            #expect(try await publish(false, by: alice) == nil)
            #expect(try await fixture.list().isEmpty)
            let nowhere = try #require(RoomID("!nowhere:example.org"))
            #expect(try await refusal { _ = try await fixture.directory.isPublished(nowhere) }?.errcode == .notFound)
        }
    }

    @Test(arguments: [
        (DirectoryPolicy.everyone, true, true), (.administrators, false, true), (.nobody, false, false),
    ])
    func thePolicySaysWhoPublishesAtAll(policy: DirectoryPolicy, user: Bool, administrator: Bool) async throws {
        try await DirectoryFixture.with(policy: policy) { fixture in
            let alice = try await fixture.user("alice")
            for (isAdministrator, isAllowed) in [(false, user), (true, administrator)] {
                let room = try await fixture.room(by: alice)
                let refused = try await refusal {
                    try await fixture.directory.setPublished(true, room, by: alice, isAdministrator: isAdministrator)
                }
                #expect((refused == nil) == isAllowed)
                #expect(try await fixture.directory.isPublished(room) == isAllowed)
            }
        }
    }
}
