import Directory
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room-upgrades
struct RoomUpgradeTests {
    @Test(arguments: RoomVersion.supported, [RoomVersion.v1, .v6, .v7, .v8, .v10, .v11, .v12])
    func everyVersionIsReplacedByEveryOther(from old: RoomVersion, to new: RoomVersion) async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let room = try await fixture.room(by: alice, members: [bob], version: old) { creation in
                creation.name = "Kitchen"
                creation.topic = "What there is to eat"
                creation.aliasLocalpart = "kitchen"
                creation.isPublished = true
                creation.creationContent = ["m.federate": false, "type": "org.example.thing"]
            }
            let upgraded = try await fixture.upgrades.upgrade(room, to: new, additionalCreators: [], by: alice)
            #expect(upgraded != room)
            #expect(try await fixture.worker.record(upgraded).version == new.identifier)
            let create = try #require(try await fixture.state(EventType.create, in: upgraded))
            #expect(create["room_version"] == .string(new.identifier))
            #expect(create["m.federate"] == false && create["type"] == "org.example.thing")
            #expect(create["predecessor"]?["room_id"] == .string(room.description))
            #expect((create["creator"] == nil) == new.authorization.creatorIsSender)
            let end = try await fixture.rooms.reader.current(try await fixture.worker.record(room))?
                .event(EventType.tombstone)
            #expect(end?.event.content["replacement_room"]?.stringEquals(upgraded.description) == true)
            // Named where it can be.
            let named = create["predecessor"]?["event_id"]?.string
            #expect(named == (new.namesRoomByCreateEvent ? nil : end?.eventID.description))
            #expect(try await fixture.state(EventType.name, in: upgraded) == ["name": "Kitchen"])
            #expect(try await fixture.state(EventType.topic, in: upgraded)?["topic"] == "What there is to eat")
            #expect(try await fixture.state(EventType.joinRules, in: upgraded) == ["join_rule": "public"])
            #expect(
                try await fixture.state(EventType.canonicalAlias, in: upgraded) == ["alias": "#kitchen:example.org"])
            #expect(try await fixture.state(EventType.canonicalAlias, in: room) == [:])
            let kitchen = try #require(RoomAlias("#kitchen:example.org"))
            #expect(try await fixture.directory.resolve(kitchen).roomID == upgraded)
            #expect(try await fixture.list() == [upgraded])
            // The one has power there, the other has it not, and the old room is closed for him.
            try await fixture.rooms.join(upgraded, as: bob)
            try await fixture.worker.set(EventType.name, to: ["name": "New"], in: upgraded, as: alice)
            try await fixture.worker.say("hello", in: upgraded, as: bob)
            let silenced = try await refusal { try await fixture.worker.say("still here", in: room, as: bob) }
            #expect(silenced?.errcode == .forbidden)
        }
    }

    /// A client whose request was answered late, or by nobody, asks again: through another worker, too.
    @Test(arguments: [RoomVersion.v11, .v12])
    func whoAsksTwiceIsToldTheSameRoom(version: RoomVersion) async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let room = try await fixture.room(by: alice, members: [bob], version: .v10) {
                $0.powerLevels = ["users": ["@alice:example.org": 100, "@bob:example.org": 100]]
            }
            func upgrade(to wanted: RoomVersion? = nil, by user: UserRecord = alice) async throws -> RoomID {
                try await RoomUpgrades(rooms: fixture.rooms, names: fixture.directory).upgrade(
                    room, to: wanted ?? version, additionalCreators: [], by: user)
            }
            let first = try await upgrade()
            #expect(try await upgrade() == first)
            // Another version is another wish, and what somebody else did is not taken for one's own.
            #expect(try await upgrade(by: bob) != first)
            #expect(try await upgrade(to: .v9) != first)
        }
    }

    @Test func whoMayNotEndTheRoomMayNotReplaceIt() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let room = try await fixture.room(by: alice, members: [bob])
            func refused(_ room: RoomID, by user: UserRecord) async throws -> MatrixError? {
                try await refusal {
                    _ = try await fixture.upgrades.upgrade(room, to: .v11, additionalCreators: [], by: user)
                }
            }
            #expect(try await refused(room, by: bob)?.errcode == .forbidden)
            #expect(try await refused(room, by: try await fixture.user("carol"))?.errcode == .forbidden)
            let nowhere = try #require(RoomID("!nowhere:example.org"))
            #expect(try await refused(nowhere, by: alice)?.errcode == .notFound)
            #expect(try await fixture.state(EventType.tombstone, in: room) == nil)
            #expect(try await fixture.rooms.joinedRooms(of: bob.nid) == [room])
        }
    }

    /// A moderator who may end a room and not do all that making the new one takes is raised for the time of it.
    @Test(arguments: [RoomVersion.v9, .v11])
    func theUpgraderIsRaisedForAWhile(to version: RoomVersion) async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let carol = try await fixture.user("carol")
            let room = try await fixture.room(by: alice, members: [bob, carol], version: .v10) { creation in
                creation.name = "Kitchen"
                creation.powerLevels = [
                    "users": ["@alice:example.org": 100, "@bob:example.org": 50],
                    "events": ["m.room.tombstone": 50, "m.room.name": 90, "m.room.power_levels": 100],
                ]
            }
            try await fixture.rooms.ban(carol.userID, from: room, by: alice, reason: "spam")
            let before = try #require(try await fixture.state(EventType.powerLevels, in: room))
            let upgraded = try await fixture.upgrades.upgrade(room, to: version, additionalCreators: [], by: bob)
            #expect(try await fixture.state(EventType.powerLevels, in: upgraded) == before)
            #expect(try await fixture.state(EventType.name, in: upgraded) == ["name": "Kitchen"])
            #expect(
                try await fixture.state(EventType.member, "@carol:example.org", in: upgraded)
                    == ["membership": "ban", "reason": "spam"])
            let refused = try await refusal {
                try await fixture.worker.set(EventType.name, to: ["name": "Mine"], in: upgraded, as: bob)
            }
            #expect(refused?.errcode == .forbidden)
            // What it takes to close the old room he has not, and the new one stands all the same.
            #expect(try await fixture.state(EventType.powerLevels, in: room) == before)
        }
    }

    @Test func creatorsStandAboveTheLevelsOfTheNewRoom() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let carol = try await fixture.user("carol")
            let room = try await fixture.room(by: alice, members: [bob, carol], version: .v11) { creation in
                creation.powerLevels = [
                    "users": ["@alice:example.org": 100, "@bob:example.org": 100, "@carol:example.org": 50],
                    "events": [:],
                ]
            }
            let upgraded = try await fixture.upgrades.upgrade(
                room, to: .v12, additionalCreators: [bob.userID], by: alice)
            #expect(
                try await fixture.state(EventType.create, in: upgraded)?["additional_creators"] == ["@bob:example.org"])
            let levels = try #require(try await fixture.state(EventType.powerLevels, in: upgraded))
            #expect(levels["users"] == ["@carol:example.org": 50])
            // Moderators do not end rooms of this version.
            #expect(levels["events"]?[EventType.tombstone] == 150)
            let closed = try #require(try await fixture.state(EventType.powerLevels, in: room))
            #expect(closed["events_default"] == 50 && closed["invite"] == 50)
        }
    }

    /// Whoever stood above all levels is not left without any.
    @Test func creatorsKeepTheirPowerWhereLevelsAreAllThereIs() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let room = try await fixture.room(by: alice, members: [bob], version: .v12) { creation in
                creation.creationContent = ["additional_creators": ["@bob:example.org"]]
            }
            let upgraded = try await fixture.upgrades.upgrade(room, to: .v11, additionalCreators: [], by: bob)
            #expect(
                try await fixture.state(EventType.powerLevels, in: upgraded)?["users"]
                    == ["@alice:example.org": 150, "@bob:example.org": 150])
        }
    }

    @Test func spacesKeepTheirLinks() async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            let (one, two) = (try await fixture.room(by: alice), try await fixture.room(by: alice))
            let parent = try await fixture.space(by: alice)
            let space = try await fixture.space(by: alice, of: [one, two])
            try await fixture.worker.set(EventType.spaceChild, two.description, to: [:], in: space, as: alice)
            try await fixture.worker.set(
                EventType.spaceParent, parent.description, to: ["via": ["example.org"], "canonical": true], in: space,
                as: alice)
            let upgraded = try await fixture.upgrades.upgrade(space, to: .v11, additionalCreators: [], by: alice)
            #expect(
                try await fixture.state(EventType.spaceChild, one.description, in: upgraded)
                    == ["via": ["example.org"], "order": "10"])
            #expect(try await fixture.state(EventType.spaceChild, two.description, in: upgraded) == nil)
            #expect(
                try await fixture.state(EventType.spaceParent, parent.description, in: upgraded)
                    == ["via": ["example.org"], "canonical": true])
            #expect(try await fixture.walk(upgraded, as: alice).rooms.map(\.summary.roomID) == [upgraded, one])
        }
    }

    @Test(arguments: [
        (RoomVersion.v12, "restricted"), (.v10, "knock_restricted"), (.v9, "restricted"), (.v7, "knock"),
        (.v6, "invite"),
    ])
    func joinRulesBecomeTheNearestOnes(to version: RoomVersion, then rule: String) async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            let other = try await fixture.room(by: alice)
            let allow: JSONValue = [["type": "m.room_membership", "room_id": .string(other.description)]]
            let from = version == .v12 ? "restricted" : "knock_restricted"
            let room = try await fixture.room(by: alice, version: .v11) { creation in
                creation.initialState = [
                    .init(
                        type: EventType.joinRules, stateKey: "", content: ["join_rule": .string(from), "allow": allow])
                ]
            }
            let upgraded = try await fixture.upgrades.upgrade(room, to: version, additionalCreators: [], by: alice)
            #expect(
                try await fixture.state(EventType.joinRules, in: upgraded)
                    == ["join_rule": .string(rule), "allow": allow])
        }
    }

    @Test func manyBansGoOver() async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            let room = try await fixture.room(by: alice, version: .v11)
            for number in 0..<210 {
                let user = try #require(UserID("@spammer\(number):elsewhere.example"))
                try await fixture.rooms.ban(user, from: room, by: alice, reason: nil)
            }
            for version in [RoomVersion.v11, .v12] {
                let upgraded = try await fixture.upgrades.upgrade(room, to: version, additionalCreators: [], by: alice)
                let record = try await fixture.worker.record(upgraded)
                let banned = try await fixture.rooms.reader.memberships.members(of: record.nid, with: [.ban])
                #expect(banned.count == 210)
            }
        }
    }
}
