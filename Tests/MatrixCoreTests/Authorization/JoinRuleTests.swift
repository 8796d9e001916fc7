import MatrixCore
import Testing

/// What holds where `m.room.join_rules` does not say what it should: the same as on other servers, which once let such
/// events in and have rooms that live by them.
@Suite struct JoinRuleTests {
    /// What becomes of a join by somebody invited, and by somebody who is not.
    private func joins(_ version: RoomVersion, _ rules: JSONValue) throws -> [AuthVerdict] {
        var scene = try AuthScene(version)
        let event = try scene.factory.make(EventType.joinRules, stateKey: "", content: rules)
        scene.state.insert(event)
        try scene.set(AuthScene.alice, "invite")
        let invited = try scene.factory.member(AuthScene.alice, "join")
        let stranger = try scene.factory.member(AuthScene.bob, "join")
        return [scene.check(invited), scene.check(stranger)]
    }

    @Test(arguments: RoomVersion.supported) func withoutARuleOneMustBeInvited(version: RoomVersion) throws {
        let verdicts = try joins(version, [:])
        #expect(verdicts.map(\.isAllowed) == [true, false])
        #expect(verdicts.last?.refusal?.rule == "5.3.4")
    }

    @Test(arguments: RoomVersion.supported) func aRuleThatIsNoTextLetsNobodyIn(version: RoomVersion) throws {
        #expect(try joins(version, ["join_rule": 5]).map { $0.refusal?.rule } == ["5.3.7", "5.3.7"])
        #expect(try joins(version, ["join_rule": nil]).map { $0.refusal?.rule } == ["5.3.7", "5.3.7"])
    }
}
