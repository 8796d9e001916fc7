import Directory
import MatrixCore
import Rooms
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
            #expect(try await fixture.list().isEmpty)
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
            for since in ["x", "p-1", "p", "p99999999999999999999"] {
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
