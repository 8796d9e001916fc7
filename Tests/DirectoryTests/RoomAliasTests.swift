import Directory
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room-aliases
struct RoomAliasTests {
    private let kitchen = RoomAlias("#kitchen:example.org")!

    @Test func anAliasNamesARoomUntilItIsTakenAway() async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            let room = try await fixture.room(by: alice)
            try await fixture.directory.add(kitchen, to: room, by: alice)
            let found = try await fixture.directory.resolve(kitchen)
            #expect(found.roomID == room)
            #expect(found.servers.map(\.description) == ["example.org"])
            #expect(try await fixture.directory.aliases(of: room, for: alice, isAdministrator: false) == [kitchen])
            try await fixture.directory.remove(kitchen, by: alice, isAdministrator: false)
            #expect(try await refusal { _ = try await fixture.directory.resolve(kitchen) }?.errcode == .notFound)
            #expect(try await fixture.directory.aliases(of: room, for: alice, isAdministrator: false).isEmpty)
        }
    }

    @Test func anAliasIsGivenOnceAndByMembersOnly() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let (room, other) = (try await fixture.room(by: alice), try await fixture.room(by: bob))
            try await fixture.directory.add(kitchen, to: room, by: alice)
            let taken = try await refusal { try await fixture.directory.add(kitchen, to: other, by: bob) }
            #expect(taken?.status == 409)
            #expect(try await fixture.directory.resolve(kitchen).roomID == room)
            let hall = try #require(RoomAlias("#hall:example.org"))
            let outside = try await refusal { try await fixture.directory.add(hall, to: room, by: bob) }
            #expect(outside?.errcode == .forbidden)
            let foreign = try #require(RoomAlias("#hall:elsewhere.example"))
            let notOurs = try await refusal { try await fixture.directory.add(foreign, to: room, by: alice) }
            #expect(notOurs?.errcode == .invalidParam)
            #expect(try await refusal { _ = try await fixture.directory.resolve(foreign) }?.errcode == .notFound)
        }
    }

    @Test func whoTakesAnAliasAway() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let carol = try await fixture.user("carol")
            let room = try await fixture.room(by: alice, members: [bob, carol])
            let names = try (0..<3).map { try #require(RoomAlias("#name\($0):example.org")) }
            for name in names { try await fixture.directory.add(name, to: room, by: bob) }
            // A member without power over somebody else's alias.
            let refused = try await refusal {
                try await fixture.directory.remove(names[0], by: carol, isAdministrator: false)
            }
            #expect(refused?.errcode == .forbidden)
            // Who made it, who may set the canonical alias, who runs the server.
            try await fixture.directory.remove(names[0], by: bob, isAdministrator: false)
            try await fixture.directory.remove(names[1], by: alice, isAdministrator: false)
            try await fixture.directory.remove(names[2], by: carol, isAdministrator: true)
            #expect(try await fixture.directory.aliases(of: room, for: alice, isAdministrator: false).isEmpty)
            let gone = try await refusal {
                try await fixture.directory.remove(names[0], by: bob, isAdministrator: true)
            }
            #expect(gone?.errcode == .notFound)
        }
    }

    @Test func whoSeesTheAliasesOfARoom() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let room = try await fixture.room(by: alice, members: [bob]) { $0.aliasLocalpart = "kitchen" }
            func seen(by user: UserRecord, isAdministrator: Bool = false) async throws -> [RoomAlias]? {
                do {
                    return try await fixture.directory.aliases(
                        of: room, for: user, isAdministrator: isAdministrator)
                } catch let error as MatrixError {
                    #expect(error.errcode == .forbidden)
                    return nil
                }
            }
            #expect(try await seen(by: bob) == [kitchen])
            try await fixture.rooms.leave(room, as: bob)
            #expect(try await seen(by: bob) == nil)
            let carol = try await fixture.user("carol")
            #expect(try await seen(by: carol) == nil)
            #expect(try await seen(by: carol, isAdministrator: true) == [kitchen])
            try await fixture.worker.set(
                EventType.historyVisibility, to: ["history_visibility": "world_readable"], in: room, as: alice)
            #expect(try await seen(by: carol) == [kitchen])
            let nowhere = try #require(RoomID("!nowhere:example.org"))
            let refused = try await refusal {
                _ = try await fixture.directory.aliases(of: nowhere, for: bob, isAdministrator: false)
            }
            #expect(refused?.errcode == .forbidden)
        }
    }

    @Test func anAliasThatIsGoneIsNoLongerCanonical() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let room = try await fixture.room(by: alice, members: [bob]) { $0.aliasLocalpart = "kitchen" }
            let hall = try #require(RoomAlias("#hall:example.org"))
            try await fixture.directory.add(hall, to: room, by: bob)
            try await fixture.worker.set(
                EventType.canonicalAlias,
                to: ["alias": "#kitchen:example.org", "alt_aliases": ["#hall:example.org", "#a:b.example"]],
                in: room, as: alice)
            try await fixture.directory.remove(kitchen, by: alice, isAdministrator: false)
            #expect(
                try await fixture.state(EventType.canonicalAlias, in: room)
                    == ["alt_aliases": ["#hall:example.org", "#a:b.example"]])
            // Who may not change that may take their alias away all the same.
            try await fixture.directory.remove(hall, by: bob, isAdministrator: false)
            #expect(
                try await fixture.state(EventType.canonicalAlias, in: room)
                    == ["alt_aliases": ["#hall:example.org", "#a:b.example"]])
            #expect(try await refusal { _ = try await fixture.directory.resolve(hall) }?.errcode == .notFound)
        }
    }

    @Test(arguments: ["#:example.org", "#a b:example.org", "#a\u{2003}b:example.org", "#a\tb:example.org"])
    func anAliasThatNobodyCouldReadIsNotGiven(text: String) async throws {
        let alias = try #require(RoomAlias(text))
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            let room = try await fixture.room(by: alice)
            let refused = try await refusal { try await fixture.directory.add(alias, to: room, by: alice) }
            #expect(refused?.errcode == .invalidParam)
            let notMade = try await refusal {
                _ = try await fixture.room(by: alice) { $0.aliasLocalpart = alias.localpart }
            }
            #expect(notMade?.errcode == .invalidParam)
        }
    }

    @Test func aRoomIsCreatedWithItsAliasOrNotAtAll() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let room = try await fixture.room(by: alice) { $0.aliasLocalpart = "kitchen" }
            #expect(try await fixture.directory.resolve(kitchen).roomID == room)
            let readable = try await fixture.rooms.readableRoom(room, by: alice)
            let canonical = try await readable.snapshot.content(EventType.canonicalAlias)
            #expect(canonical?["alias"]?.string == "#kitchen:example.org")
            let taken = try await refusal { _ = try await fixture.room(by: bob) { $0.aliasLocalpart = "kitchen" } }
            #expect(taken?.errcode == .roomInUse)
            #expect(taken?.status == 400)
            #expect(try await fixture.rooms.joinedRooms(of: bob.nid).isEmpty)
        }
    }
}
