import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom
@Suite struct RoomPresetTests {
    private func state(
        _ fill: (inout RoomCreation) throws -> Void, version: RoomVersion = .default,
        _ body: ([StateKey: RoomEvent]) throws -> Void
    ) async throws {
        try await RoomsWorker.with { worker in
            var creation = RoomCreation(version: version)
            try fill(&creation)
            let alice = try await worker.user("alice")
            let room = try await worker.rooms.create(creation, by: alice, aliases: nil)
            let now = try #require(try await worker.rooms.reader.current(try await worker.record(room)))
            let events = try await now.allEvents()
            try body(Dictionary(uniqueKeysWithValues: events.map { (try #require($0.event.fullStateKey), $0) }))
        }
    }

    private func content(_ state: [StateKey: RoomEvent], _ type: String, _ key: String = "") -> JSONValue? {
        state[StateKey(type, key)]?.event.content.value()
    }

    @Test(arguments: [
        (RoomCreation.Preset?.some(.privateChat), false, "invite", true), (.trustedPrivateChat, false, "invite", true),
        (.publicChat, false, "public", false), (nil, false, "invite", true), (nil, true, "public", false),
    ])
    func presetsSetWhatTheySay(
        preset: RoomCreation.Preset?, isPublished: Bool, rule: String, letsGuestsIn: Bool
    ) async throws {
        try await state {
            $0.preset = preset
            $0.isPublished = isPublished
        } _: { state in
            #expect(content(state, EventType.joinRules) == ["join_rule": .string(rule)])
            #expect(content(state, EventType.historyVisibility) == ["history_visibility": "shared"])
            #expect(content(state, EventType.guestAccess) == (letsGuestsIn ? ["guest_access": "can_join"] : nil))
            let levels = content(state, EventType.powerLevels)
            #expect(levels?["invite"] == (rule == "public" ? 50 : 0))
            #expect(levels?["events"]?["m.room.tombstone"] == 150 && levels?["users"] == [:])
        }
    }

    @Test(arguments: [RoomVersion.v1, .v10, .v11])
    func whoIsTrustedHasTheCreatorsLevel(version: RoomVersion) async throws {
        try await state(
            {
                $0.preset = .trustedPrivateChat
                $0.invites = [try #require(UserID("@bob:example.org"))]
                $0.creationContent = ["creator": "@mallory:example.org", "room_version": "7", "m.federate": false]
            }, version: version
        ) { state in
            #expect(
                content(state, EventType.powerLevels)?["users"]
                    == ["@alice:example.org": 100, "@bob:example.org": 100])
            let create = content(state, EventType.create)
            #expect(create?["room_version"] == .string(version.identifier) && create?["m.federate"] == false)
            let creator: JSONValue? = version.authorization.creatorIsSender ? nil : "@alice:example.org"
            #expect(create?["creator"] == creator && create?["additional_creators"] == nil)
            #expect(content(state, EventType.powerLevels)?["events"]?["m.room.tombstone"] == 100)
        }
    }

    @Test func whoIsTrustedIsACreatorWhereTheseStandAboveAll() async throws {
        try await state {
            $0.preset = .trustedPrivateChat
            $0.invites = try ["alice", "bob", "carol"].map { try #require(UserID("@\($0):example.org")) }
            $0.creationContent = ["additional_creators": ["@bob:example.org", "@dave:example.org"]]
        } _: { state in
            #expect(
                content(state, EventType.create)?["additional_creators"]
                    == ["@bob:example.org", "@dave:example.org", "@carol:example.org"])
            #expect(content(state, EventType.powerLevels)?["users"] == [:])
        }
        // Nobody is trusted: there is nothing to say.
        try await state {
            $0.preset = .trustedPrivateChat
        } _: { state in
            #expect(content(state, EventType.create) == ["room_version": "12"])
        }
    }

    @Test func whatIsGivenComesBeforeWhatThePresetSets() async throws {
        try await state {
            $0.preset = .publicChat
            $0.initialState = [
                .init(type: EventType.joinRules, stateKey: "", content: ["join_rule": "knock"]),
                .init(type: EventType.name, stateKey: "", content: ["name": "by state"]),
                .init(type: "org.example.thing", stateKey: "k", content: ["a": 1]),
            ]
            $0.name = "by name"
            $0.topic = "Topic"
            $0.powerLevels = ["invite": 10, "events": ["m.room.name": 0]]
        } _: { state in
            #expect(content(state, EventType.joinRules) == ["join_rule": "knock"])
            #expect(content(state, EventType.name) == ["name": "by name"])
            #expect(content(state, "org.example.thing", "k") == ["a": 1])
            #expect(
                content(state, EventType.topic)
                    == [
                        "topic": "Topic",
                        "m.topic": ["m.text": [["mimetype": "text/plain", "body": "Topic"]]],
                    ])
            let levels = content(state, EventType.powerLevels)
            #expect(levels?["invite"] == 10 && levels?["events"] == ["m.room.name": 0] && levels?["ban"] == 50)
        }
    }

    /// The rest of what a room begins with is judged by them.
    @Test func powerLevelsOfTheClientsOwnComeFirst() async throws {
        try await RoomsWorker.with { worker in
            let alice = try await worker.user("alice")
            var creation = RoomCreation(version: .v11)
            creation.initialState = [
                .init(type: EventType.name, stateKey: "", content: ["name": "A"]),
                .init(
                    type: EventType.powerLevels, stateKey: "",
                    content: ["users": ["@alice:example.org": 10], "state_default": 50]),
            ]
            let refusal = await #expect(throws: MatrixError.self) {
                _ = try await worker.rooms.create(creation, by: alice, aliases: nil)
            }
            #expect(refusal?.errcode == .invalidRoomState && refusal?.status == 400)
            #expect(try await worker.rooms.joinedRooms(of: alice.nid).isEmpty)
        }
    }

    @Test func creatorsThatAreNoUsersAreRefused() async throws {
        try await RoomsWorker.with { worker in
            let alice = try await worker.user("alice")
            for creators: JSONValue in ["@bob:example.org", ["bob"], [5], [:]] {
                for preset in [RoomCreation.Preset.privateChat, .trustedPrivateChat] {
                    var creation = RoomCreation(version: .v12)
                    creation.preset = preset
                    creation.invites = [try #require(UserID("@carol:example.org"))]
                    creation.creationContent = ["additional_creators": creators]
                    let refusal = await #expect(throws: MatrixError.self, "\(creators)") {
                        _ = try await worker.rooms.create(creation, by: alice, aliases: nil)
                    }
                    #expect(refusal?.status == 400)
                }
            }
        }
    }
}
