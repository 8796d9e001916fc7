import MatrixCore
import Testing

/// A set of rules is asked once about an event, and says to each user what the user's own copy of the rules would say.
struct PushVerdictTests {
    private static let userCount = 1000

    private func users() -> [UserID] { (0..<Self.userCount).compactMap { UserID("@user\($0):example.com") } }

    private func evaluator(_ event: JSONValue, level: Int64 = 0) throws -> PushRuleEvaluator {
        var full: JSONValue = ["type": "m.room.message", "sender": "@user0:example.com", "content": ["body": "hi you"]]
        for (key, value) in event.object ?? [:] { full[key] = value }
        return PushRuleEvaluator(
            event: try JSONDocument(parsing: full.canonicalBytes).root, room: try #require(RoomID("!r:example.com")),
            memberCount: Self.userCount, senderLevel: level, notificationLevels: [:])
    }

    private static let events: [JSONValue] = [
        [:], ["content": ["body": "x", "msgtype": "m.notice"]],
        ["content": ["m.mentions": ["user_ids": ["@user5:example.com", "@USER6:example.com", 7], "room": true]]],
        ["type": "m.room.member", "state_key": "@user9:example.com", "content": ["membership": "invite"]],
        ["type": "m.room.member", "state_key": "@user9:example.com", "content": ["membership": "join"]],
        ["type": "m.room.encrypted"], ["type": "m.reaction"], ["type": "m.sticker"],
        ["content": ["body": "hello name7, hello"]],
    ]

    private func rulesets() throws -> [PushRuleset] {
        var names = PushRuleChanges()
        try names.put(
            .override, "name", body: ["actions": ["notify"], "conditions": [["kind": "contains_display_name"]]])
        var quiet = PushRuleChanges()
        try quiet.setActions(.underride, ".m.rule.message", [], in: DefaultPushRules.ruleset)
        try quiet.put(.content, "you", body: ["pattern": "you", "actions": ["notify", ["set_tweak": "highlight"]]])
        return [DefaultPushRules.ruleset, names.ruleset(), quiet.ruleset()]
    }

    @Test(arguments: events)
    func saysToEachUserWhatTheirOwnRulesWould(_ event: JSONValue) throws {
        let rulesets = try rulesets()
        for level in [Int64(0), 50] {
            var shared = try evaluator(event, level: level)
            for (index, user) in users().prefix(30).enumerated() {
                for rules in rulesets {
                    var alone = try evaluator(event, level: level)
                    let name = "name\(index)"
                    #expect(
                        shared.outcome(for: user, displayName: name, rules: rules)
                            == alone.outcome(for: user, displayName: name, rules: rules.personal(to: user)))
                }
            }
        }
    }

    /// Before rules were shared, each of 1,000 users was asked all 15 default rules anew, after these had been made anew.
    @Test(arguments: events)
    func asksEachSetOfRulesOnce(_ event: JSONValue) throws {
        let rulesets = try rulesets()
        let ruleCount = rulesets.reduce(0) { sum, rules in
            sum + PushRuleKind.allCases.reduce(0) { $0 + rules[$1].count }
        }
        #expect(ruleCount == 47)
        var evaluator = try evaluator(event)
        for (index, user) in users().enumerated() {
            _ = evaluator.outcome(for: user, displayName: "name\(index)", rules: rulesets[index % rulesets.count])
        }
        #expect(evaluator.askedRules <= ruleCount)
        let asked = evaluator.askedRules
        for user in users() { _ = evaluator.outcome(for: user, displayName: nil, rules: rulesets[0]) }
        #expect(evaluator.askedRules == asked)
    }

    @Test func theDefaultRulesAreOneValue() throws {
        #expect(PushRuleChanges().ruleset() == DefaultPushRules.ruleset)
        var evaluator = try evaluator([:])
        for _ in 0..<3 { _ = evaluator.verdict(of: PushRuleChanges().ruleset()) }
        #expect(evaluator.askedRules == 13)
    }

    @Test func leavesOpenOnlyWhatDependsOnTheUser() throws {
        for (event, isPersonal) in zip(Self.events, [false, false, true, true, false, false, false, false, false]) {
            var evaluator = try evaluator(event)
            let verdict = evaluator.verdict(of: DefaultPushRules.ruleset)
            #expect(verdict.isPersonal == isPersonal, "\(event)")
            #expect(!verdict.asksForDisplayName)
        }
        let names = try rulesets()[1]
        var message = try evaluator([:])
        #expect(message.verdict(of: names).asksForDisplayName)
        var encrypted = try evaluator(["type": "m.room.encrypted", "content": [:]])
        #expect(!encrypted.verdict(of: names).asksForDisplayName)
    }

    @Test func manyMentionsAreReadOnce() throws {
        let ratio = try CostGrowth.ratio({ $0 }, size: 100) { count in
            let ids = (0..<count).map { JSONValue.string("@user\($0 + 1_000_000):example.com") }
            var evaluator = try evaluator(["content": ["m.mentions": ["user_ids": .array(ids)]]])
            for user in users().prefix(count) {
                _ = evaluator.outcome(for: user, displayName: nil, rules: DefaultPushRules.ruleset)
            }
        }
        #expect(ratio < CostGrowth.allowed)
    }

    /// Whoever has thousands of patterns does not decide how long an event takes.
    @Test func patternsAreBoundedTogether() throws {
        var changes = PushRuleChanges()
        let conditions = JSONValue.array(
            (0..<PushRuleChanges.mostConditions).map {
                ["kind": "event_match", "key": "content.other", "pattern": "*a*\($0)*"]
            })
        try changes.put(.override, "hostile", body: ["actions": ["notify"], "conditions": conditions])
        let numbers = (0..<PushRuleChanges.mostConditions).map { "a\($0)" }.joined()
        func outcome(_ padding: Int) throws -> PushOutcome? {
            let text = numbers + String(repeating: "x", count: padding)
            var evaluator = try evaluator(["content": ["other": .string(text)]])
            let user = try #require(UserID("@alice:example.com"))
            return evaluator.outcome(for: user, displayName: nil, rules: changes.ruleset())
        }
        #expect(try outcome(0)?.ruleID == "hostile")
        #expect(try outcome(65_536)?.ruleID == "hostile")
        // The default rules are asked all the same.
        #expect(try outcome(PushRuleEvaluator.mostSteps / 60)?.ruleID == ".m.rule.message")
    }

    /// One rule of many conditions that hold, on an event that makes each of them dear.
    private func outcome(conditions: [JSONValue], content: JSONValue) throws -> PushOutcome? {
        let perRule = PushRuleChanges.mostConditions - 1
        let rules = stride(from: 0, to: conditions.count, by: perRule).map { start in
            let some = Array(conditions[start..<min(start + perRule, conditions.count)])
            return ["rule_id": .string("r\(start)"), "actions": [], "conditions": .array(some + [["kind": "no"]])]
                as JSONValue
        }
        let last: JSONValue = [
            "rule_id": "last", "actions": ["notify"],
            "conditions": [["kind": "event_match", "key": "type", "pattern": "m.*"]],
        ]
        let changes = PushRuleChanges(json: ["rules": ["override": .array(rules + [last])]])
        var evaluator = try evaluator(["content": content])
        let user = try #require(UserID("@alice:example.com"))
        return evaluator.outcome(for: user, displayName: nil, rules: changes.ruleset())
    }

    @Test func longListsAndManyMembersAreBoundedToo() throws {
        let list: JSONValue = .array(Array(repeating: 1, count: 30_000))
        let inList = { (key: String) -> JSONValue in
            ["kind": "event_property_contains", "key": .string(key), "value": 1]
        }
        #expect(try outcome(conditions: [inList("content.l")], content: ["l": list])?.ruleID == "last")
        let dear = try outcome(conditions: Array(repeating: inList("content.l"), count: 1000), content: ["l": list])
        #expect(dear?.ruleID != "last")
        let members = JSONValue.object(Dictionary(uniqueKeysWithValues: (0..<8000).map { ("k\($0)", 1) }))
        let keys = (0..<4000).map { number -> JSONValue in
            ["kind": "event_property_is", "key": .string("content.k\(number)"), "value": 1]
        }
        #expect(try outcome(conditions: Array(keys.prefix(100)), content: members)?.ruleID == "last")
        #expect(try outcome(conditions: keys, content: members)?.ruleID != "last")
    }
}
