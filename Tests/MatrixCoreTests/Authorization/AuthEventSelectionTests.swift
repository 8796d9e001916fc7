import MatrixCore
import Testing

@Suite struct AuthEventSelectionTests {
    private let alice = AuthScene.alice
    private let bob = AuthScene.bob

    private func member(_ user: String) -> StateKey { StateKey(EventType.member, user) }

    @Test func selectsWhatTheTypeNeeds() throws {
        var factory = EventFactory(.v12)
        _ = try factory.create()
        let rules = AuthRules(version: .v12)
        #expect(
            rules.selection(for: try factory.make("m.room.message", sender: alice)) == [.powerLevels, member(alice)])
        #expect(rules.selection(for: try factory.member(alice, "join")) == [.powerLevels, member(alice), .joinRules])
        #expect(
            rules.selection(for: try factory.member(alice, "leave", by: bob)) == [
                .powerLevels, member(bob), member(alice),
            ])
        #expect(
            rules.selection(for: try factory.member(alice, "invite", by: bob))
                == [.powerLevels, member(bob), member(alice), .joinRules])
        #expect(rules.selection(for: try factory.member(alice, "knock")) == [.powerLevels, member(alice), .joinRules])
        #expect(
            rules.selection(
                for: try factory.member(
                    alice, "invite", by: bob, content: ["third_party_invite": ["signed": ["token": "t"]]]))
                == [.powerLevels, member(bob), member(alice), .joinRules, StateKey(EventType.thirdPartyInvite, "t")])
        let restricted: JSONValue = ["join_authorised_via_users_server": .string(bob)]
        #expect(
            rules.selection(for: try factory.member(alice, "join", content: restricted))
                == [.powerLevels, member(alice), .joinRules, member(bob)])
        #expect(rules.selection(for: try factory.create()).isEmpty)
    }

    @Test func includesTheCreateEventBeforeVersion12() throws {
        var factory = EventFactory(.v11)
        _ = try factory.create()
        let message = try factory.make("m.room.message", sender: alice)
        #expect(AuthRules(version: .v11).selection(for: message) == [.create, .powerLevels, member(alice)])
        var old = EventFactory(.v7)
        _ = try old.create()
        let join = try old.member(alice, "join", content: ["join_authorised_via_users_server": .string(bob)])
        #expect(AuthRules(version: .v7).selection(for: join) == [.create, .powerLevels, member(alice), .joinRules])
    }

    /// Checks a message of the creator with some auth events.
    private func verdict(
        _ version: RoomVersion, rejecting rejected: Event? = nil, rejectsCreate: Bool = false,
        _ choose: (AuthScene, inout EventFactory) throws -> [Event]
    ) throws -> String? {
        var scene = try AuthScene(version)
        let auth = try choose(scene, &scene.factory)
        let event = try scene.factory.make("m.room.message", auth: auth)
        return AuthRules(version: version).checkAuthEvents(
            of: event,
            auth.map { AuthRules.AuthEvent(event: $0, isRejected: rejectsCreate && $0.type == EventType.powerLevels) },
            create: AuthRules.AuthEvent(event: scene.create, isRejected: false)
        ).refusal?.rule
    }

    private func usual(_ scene: AuthScene) -> [Event] {
        var events = [StateKey.powerLevels, member(AuthScene.creator)].compactMap { scene.state.event($0) }
        if !scene.version.authorization.impliesCreateEvent { events.append(scene.create) }
        return events
    }

    @Test(arguments: [RoomVersion.v10, .v11, .v12]) func rule3AuthEvents(version: RoomVersion) throws {
        #expect(try verdict(version) { scene, _ in usual(scene) } == nil)
        #expect(
            try verdict(version) { scene, factory in
                usual(scene) + [try factory.make(EventType.powerLevels, stateKey: "")]
            } == "3.1")
        #expect(
            try verdict(version) { scene, factory in
                usual(scene) + [try factory.make(EventType.joinRules, stateKey: "")]
            } == "3.2")
        #expect(try verdict(version) { scene, factory in usual(scene) + [try factory.make("m.room.message")] } == "3.2")
        #expect(try verdict(version, rejectsCreate: true) { scene, _ in usual(scene) } == "3.3")
        #expect(
            try verdict(version) { scene, factory in
                var elsewhere = EventFactory(version)
                _ = try elsewhere.create(["n": 1])
                elsewhere.roomID = version == .v12 ? elsewhere.roomID : RoomID("!other:one.example")
                let levels = try elsewhere.make(EventType.powerLevels, stateKey: "")
                return usual(scene).filter { $0.type != EventType.powerLevels } + [levels]
            } == "3.5")
        #expect(
            try verdict(version) { scene, _ in usual(scene).filter { $0.type != EventType.create } }
                == (version == .v12 ? nil : "2.4 (v1-v11)"))
    }

    @Test func rule3_2RefusesTheCreateEventAmongTheAuthEventsInVersion12() throws {
        #expect(try verdict(.v12) { scene, _ in usual(scene) + [scene.create] } == "3.2")
    }

    @Test func rule2NeedsTheCreateEventThatNamesTheRoom() throws {
        var scene = try AuthScene(.v12)
        let auth = usual(scene).map { AuthRules.AuthEvent(event: $0, isRejected: false) }
        let event = try scene.factory.make("m.room.message", auth: usual(scene))
        let rules = AuthRules(version: .v12)
        var other = EventFactory(.v12)
        let elsewhere = try other.create(["x": 1])
        #expect(rules.checkAuthEvents(of: event, auth, create: nil).refusal?.rule == "2")
        #expect(
            rules.checkAuthEvents(of: event, auth, create: .init(event: elsewhere, isRejected: false)).refusal?.rule
                == "2")
        #expect(
            rules.checkAuthEvents(of: event, auth, create: .init(event: scene.create, isRejected: true)).refusal?.rule
                == "2")
        #expect(rules.checkAuthEvents(of: event, auth, create: .init(event: scene.create, isRejected: false)).isAllowed)
    }
}
