import MatrixCore
import Testing

struct PushRuleEvaluatorTests {
    private func user() throws -> UserID { try #require(UserID("@alice:example.com")) }

    private func outcome(
        _ event: JSONValue, rules: PushRuleset? = nil, displayName: String? = "Alice", members: Int = 5,
        level: Int64 = 0,
        levels: [String: Int64] = [:]
    ) throws -> PushOutcome? {
        var full: JSONValue = ["type": "m.room.message", "sender": "@bob:example.com", "content": ["body": "hi"]]
        for (key, value) in event.object ?? [:] { full[key] = value }
        let view = try JSONDocument(parsing: full.canonicalBytes).root
        var evaluator = PushRuleEvaluator(
            event: view, room: try #require(RoomID("!r:example.com")), memberCount: members, senderLevel: level,
            notificationLevels: levels)
        return evaluator.outcome(
            for: try user(), displayName: displayName, rules: rules ?? DefaultPushRules.ruleset)
    }

    private func message(_ content: JSONValue) -> JSONValue { ["content": content] }

    @Test func messagesNotify() throws {
        let found = try #require(try outcome([:]))
        #expect(found.ruleID == ".m.rule.message" && found.kind == .underride)
        #expect(found.notifies && !found.highlights && found.tweaks.isEmpty)
        #expect(try outcome([:], members: 2)?.ruleID == ".m.rule.room_one_to_one")
        #expect(try outcome([:], members: 2)?.tweaks == ["sound": "default"])
        #expect(try outcome(["type": "m.room.encrypted"])?.ruleID == ".m.rule.encrypted")
        #expect(try outcome(["type": "m.room.encrypted"], members: 2)?.ruleID == ".m.rule.encrypted_room_one_to_one")
        #expect(try outcome(["type": "m.call.invite"])?.tweaks == ["sound": "ring"])
        #expect(try outcome(["type": "m.sticker"]) == nil)
    }

    @Test func ownEventsNotifyNobody() throws { #expect(try outcome(["sender": "@alice:example.com"]) == nil) }

    @Test func someEventsAreSuppressed() throws {
        let events: [(JSONValue, String)] = [
            (message(["msgtype": "m.notice", "body": "x"]), ".m.rule.suppress_notices"),
            (
                ["type": "m.room.member", "state_key": "@x:y", "content": ["membership": "join"]],
                ".m.rule.member_event"
            ),
            (["type": "m.reaction"], ".m.rule.reaction"),
            (["type": "m.room.server_acl", "state_key": ""], ".m.rule.room.server_acl"),
            (message(["body": "x", "m.relates_to": ["rel_type": "m.replace"]]), ".m.rule.suppress_edits"),
        ]
        for (event, rule) in events {
            let found = try #require(try outcome(event))
            #expect(found.ruleID == rule)
            #expect(!found.notifies)
        }
    }

    @Test func invitesNotifyTheInvited() throws {
        let invite: JSONValue = [
            "type": "m.room.member", "state_key": "@alice:example.com", "content": ["membership": "invite"],
        ]
        #expect(try outcome(invite)?.ruleID == ".m.rule.invite_for_me")
        var other = invite
        other["state_key"] = "@carol:example.com"
        #expect(try outcome(other)?.notifies == false)
    }

    @Test func mentionsHighlight() throws {
        let mention = try #require(
            try outcome(message(["body": "x", "m.mentions": ["user_ids": ["@x:y", "@alice:example.com"]]])))
        #expect(mention.ruleID == ".m.rule.is_user_mention")
        #expect(mention.highlights && mention.tweaks == ["sound": "default", "highlight": true])
        for mentions in [["user_ids": ["@alice:example.comx"]], ["user_ids": "@alice:example.com"], [:]] as [JSONValue]
        {
            #expect(try outcome(message(["body": "x", "m.mentions": mentions]))?.ruleID == ".m.rule.message")
        }
    }

    @Test func roomMentionsNeedPower() throws {
        let event = message(["body": "x", "m.mentions": ["room": true]])
        #expect(try outcome(event, level: 49)?.ruleID == ".m.rule.message")
        #expect(try outcome(event, level: 50)?.ruleID == ".m.rule.is_room_mention")
        #expect(try outcome(event, level: 50, levels: ["room": 51])?.ruleID == ".m.rule.message")
        #expect(try outcome(event, level: 0, levels: ["room": 0])?.highlights == true)
        #expect(
            try outcome(message(["body": "x", "m.mentions": ["room": 1]]), level: 100)?.ruleID == ".m.rule.message")
        #expect(
            try outcome(message(["body": "x", "m.mentions": ["room": "true"]]), level: 100)?.ruleID == ".m.rule.message"
        )
    }

    @Test func onlyStateEventsHaveAStateKey() throws {
        #expect(try outcome(["type": "m.room.tombstone", "state_key": ""])?.highlights == true)
        #expect(try outcome(["type": "m.room.tombstone"]) == nil)
        #expect(try outcome(["type": "m.room.tombstone", "state_key": "x"]) == nil)
    }

    @Test func kindsAreAskedInOrder() throws {
        var changes = PushRuleChanges()
        let quiet: JSONValue = ["actions": []]
        func found(_ event: JSONValue = [:]) throws -> PushRuleKind? {
            try outcome(event, rules: changes.ruleset(for: user()))?.kind
        }
        #expect(try found() == .underride)
        try changes.put(.sender, "@bob:example.com", body: quiet)
        #expect(try found() == .sender)
        try changes.put(.room, "!r:example.com", body: quiet)
        #expect(try found() == .room)
        try changes.put(.content, "hi", body: ["actions": [], "pattern": "h?"])
        #expect(try found() == .content)
        #expect(try found(message(["body": "high"])) == .room)
        #expect(try found(message(["body": 5])) == .room)
        try changes.put(.override, "all", body: quiet)
        #expect(try found() == .override)
        try changes.setEnabled(.override, "all", false, in: changes.ruleset(for: user()))
        #expect(try found() == .content)
        try changes.put(.sender, "@carol:example.com", body: quiet)
        try changes.setEnabled(.override, ".m.rule.master", true, in: changes.ruleset(for: user()))
        #expect(try outcome([:], rules: changes.ruleset(for: user()))?.ruleID == ".m.rule.master")
    }

    @Test(
        arguments: [
            (["kind": "event_match", "key": "content.topic", "pattern": "lunc?*"], ["topic": "Lunch plans"], true),
            (["kind": "event_match", "key": "content.topic", "pattern": "lunc?*"], ["topic": " lunch"], false),
            (["kind": "event_match", "key": "content.topic", "pattern": "*"], ["topic": nil], false),
            (["kind": "event_match", "key": "content.topic", "pattern": "*"], [:], false),
            (["kind": "event_match", "key": "content.topic", "pattern": "*"], ["topic": 5], false),
            (
                ["kind": "event_match", "key": "content.body", "pattern": "ex*ple"],
                ["body": "An exciting triple-whammy"], true
            ),
            (["kind": "event_property_is", "key": #"content.m\.federate"#, "value": true], ["m.federate": true], true),
            (
                ["kind": "event_property_is", "key": #"content.m\.federate"#, "value": true], ["m.federate": "true"],
                false
            ),
            (["kind": "event_property_is", "key": #"content.m\.federate"#, "value": true], ["m.federate": 1], false),
            (["kind": "event_property_is", "key": "content.x", "value": nil], ["x": nil], true),
            (["kind": "event_property_is", "key": "content.x", "value": nil], [:], false),
            (["kind": "event_property_is", "key": "content.x", "value": 5], ["x": 5], true),
            (["kind": "event_property_is", "key": "content.x", "value": 5], ["x": 5.0], false),
            (["kind": "event_property_is", "key": "content.x", "value": [1]], ["x": [1]], false),
            (["kind": "event_property_is", "key": "content.x"], ["x": nil], false),
            (["kind": "event_property_contains", "key": "content.a", "value": "#x:y"], ["a": ["#z:y", "#x:y"]], true),
            (["kind": "event_property_contains", "key": "content.a", "value": ":y"], ["a": ["#x:y"]], false),
            (["kind": "event_property_contains", "key": "content.a", "value": "#x:y"], ["a": "#x:y"], false),
            (["kind": "contains_display_name"], ["body": "ALICE: hello"], true),
            (["kind": "contains_display_name"], ["body": "malice"], false),
            (["kind": "contains_display_name"], [:], false),
            (["kind": "room_member_count", "is": "5"], [:], true),
            (["kind": "room_member_count", "is": "==5"], [:], true),
            (["kind": "room_member_count", "is": "<5"], [:], false),
            (["kind": "room_member_count", "is": "<=5"], [:], true),
            (["kind": "room_member_count", "is": ">4"], [:], true),
            (["kind": "room_member_count", "is": ">=6"], [:], false),
            (["kind": "room_member_count", "is": "=5"], [:], false),
            (["kind": "room_member_count", "is": "99999999999999999999"], [:], false),
            (["kind": "room_member_count", "is": 5], [:], false),
            (["kind": "sender_notification_permission", "key": "room"], [:], false),
            (["kind": "org.example.unknown"], [:], false),
        ] as [(JSONValue, JSONValue, Bool)])
    func conditionsHoldOrNot(_ json: JSONValue, _ content: JSONValue, _ expected: Bool) throws {
        let condition = try #require(PushCondition(json))
        let rules = PushRuleset([.override: [PushRule(id: "x", conditions: [condition], actions: [.notify])]])
        #expect(try (outcome(message(content), rules: rules) != nil) == expected)
    }

    @Test func allConditionsMustHold() throws {
        let rules = PushRuleset([
            .underride: [
                PushRule(
                    id: "x", conditions: [.eventMatch("type", "m.room.*"), .memberCountIs(5)], actions: [.notify]),
                PushRule(id: "y", actions: []),
            ]
        ])
        #expect(try outcome([:], rules: rules)?.ruleID == "x")
        #expect(try outcome([:], rules: rules, members: 6)?.ruleID == "y")
    }

    @Test func highlightsUnlessToldNot() throws {
        for (value, expected) in [(nil, true), (true, true), (false, false)] as [(JSONValue?, Bool)] {
            let rules = PushRuleset([
                .override: [PushRule(id: "x", actions: [.notify, .setTweak("highlight", value: value)])]
            ])
            #expect(try outcome([:], rules: rules)?.highlights == expected)
        }
        let silent = PushRuleset([.override: [PushRule(id: "x", actions: [.highlight])]])
        #expect(try outcome([:], rules: silent)?.highlights == false)
    }

    @Test func anEmptyDisplayNameIsInNoText() throws {
        let rules = PushRuleset([.override: [PushRule(id: "x", conditions: [.containsDisplayName], actions: [])]])
        #expect(try outcome([:], rules: rules, displayName: "") == nil)
        #expect(try outcome([:], rules: rules, displayName: nil) == nil)
        #expect(try outcome([:], rules: rules, displayName: String(repeating: "h", count: 5000)) == nil)
    }
}
