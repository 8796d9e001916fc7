import Directory
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// What users have set for a room goes with them into the one that replaces it.
struct SettingsFollowTests {
    @Test func settingsGoWithWhoJoins() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let room = try await fixture.room(by: alice, members: [bob])
            let settings = Settings(fixture)
            let tags: JSONValue = ["tags": ["m.favourite": ["order": 0.5]]]
            for user in [alice, bob] {
                try await settings.set("m.tag", in: room, of: user, to: tags)
                try await settings.set(
                    "m.direct", in: nil, of: user, to: ["@x:example.org": [.string(room.description)]])
                try await settings.mute(room, of: user)
            }
            let upgraded = try await fixture.upgrades.upgrade(room, to: .v11, additionalCreators: [], by: alice)
            // Bob has not come yet.
            #expect(try await settings.data("m.tag", in: upgraded, of: bob) == nil)
            for user in [alice, bob] {
                if user == bob { try await fixture.rooms.join(upgraded, as: bob) }
                #expect(try await settings.data("m.tag", in: upgraded, of: user) == tags)
                #expect(
                    try await settings.data("m.direct", in: nil, of: user)
                        == ["@x:example.org": [.string(room.description), .string(upgraded.description)]])
                #expect(try await settings.isMuted(upgraded, of: user))
            }
            // Nobody's own changes are undone by joining once more.
            try await settings.set("m.tag", in: upgraded, of: bob, to: ["tags": [:]])
            try await fixture.rooms.leave(upgraded, as: bob)
            try await fixture.rooms.join(upgraded, as: bob)
            #expect(try await settings.data("m.tag", in: upgraded, of: bob) == ["tags": [:]])
        }
    }

    /// A room that another server has replaced is found under our names once somebody of us is in the new one.
    @Test func namesGoWithWhoJoins() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let room = try await fixture.room(by: alice) { creation in
                creation.aliasLocalpart = "kitchen"
                creation.isPublished = true
            }
            let kitchen = try #require(RoomAlias("#kitchen:example.org"))
            let new = try await fixture.room(by: alice) { creation in
                creation.creationContent = ["predecessor": ["room_id": .string(room.description)]]
            }
            try await fixture.rooms.join(new, as: bob)
            #expect(try await fixture.directory.resolve(kitchen).roomID == room)
            try await fixture.worker.set(
                EventType.tombstone, to: ["body": "", "replacement_room": .string(new.description)], in: room, as: alice
            )
            try await fixture.rooms.join(new, as: bob)
            #expect(try await fixture.directory.resolve(kitchen).roomID == new)
            #expect(try await fixture.directory.isPublished(new))
            #expect(try await !fixture.directory.isPublished(room))
        }
    }

    /// Anybody can say of a room that it replaces another one.
    @Test func aRoomThatOnlySaysSoGetsNothing() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let room = try await fixture.room(by: alice, members: [bob])
            let settings = Settings(fixture)
            try await settings.set("m.tag", in: room, of: bob, to: ["tags": ["m.favourite": [:]]])
            let claimed = try await fixture.room(by: try await fixture.user("mallory")) { creation in
                creation.creationContent = ["predecessor": ["room_id": .string(room.description)]]
            }
            try await fixture.rooms.join(claimed, as: bob)
            #expect(try await settings.data("m.tag", in: claimed, of: bob) == nil)
        }
    }

    private struct Settings {
        let accountData: AccountDataStore
        let pushRules: PushRuleStore
        let fixture: DirectoryFixture

        init(_ fixture: DirectoryFixture) {
            self.fixture = fixture
            accountData = AccountDataStore(pool: fixture.worker.pool)
            pushRules = PushRuleStore(pool: fixture.worker.pool)
        }

        func number(_ room: RoomID?) async throws -> RoomNID? {
            guard let room else { return nil }
            return try await fixture.worker.record(room).nid
        }

        func set(_ type: String, in room: RoomID?, of user: UserRecord, to content: JSONValue) async throws {
            _ = try await accountData.set(
                type, in: try await number(room), of: user, to: content.canonicalBytes, now: 1)
        }

        func data(_ type: String, in room: RoomID?, of user: UserRecord) async throws -> JSONValue? {
            let found = try await accountData.data(type, in: try await number(room), of: user.nid)
            return try found?.content.map { try JSONValue(parsing: $0) }
        }

        func mute(_ room: RoomID, of user: UserRecord) async throws {
            var changes = PushRuleChanges()
            try changes.put(.room, room.description, body: ["actions": []])
            _ = try await pushRules.set(changes.json.canonicalBytes, of: user, expected: 0, now: 1)
        }

        func isMuted(_ room: RoomID, of user: UserRecord) async throws -> Bool {
            let stored = try #require(try await pushRules.rules(of: [user.nid])[user.nid])
            let ruleset = PushRuleChanges(json: try JSONValue(parsing: stored.json)).ruleset(for: user.userID)
            return ruleset.rule(.room, room.description)?.actions == []
        }
    }
}
