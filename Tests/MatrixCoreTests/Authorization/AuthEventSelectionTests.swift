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
}
