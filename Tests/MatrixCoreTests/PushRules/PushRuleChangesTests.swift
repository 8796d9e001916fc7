import MatrixCore
import Testing

struct PushRuleChangesTests {
    private func user() throws -> UserID { try #require(UserID("@alice:example.com")) }

    private func ids(_ changes: PushRuleChanges, _ kind: PushRuleKind) throws -> [String] {
        changes.ruleset(for: try user())[kind].map(\.id)
    }

    private let plain: JSONValue = ["actions": ["notify"]]

    @Test func everybodyHasTheDefaults() throws {
        let changes = PushRuleChanges()
        #expect(
            try ids(changes, .override) == [
                ".m.rule.master", ".m.rule.suppress_notices", ".m.rule.invite_for_me", ".m.rule.member_event",
                ".m.rule.is_user_mention", ".m.rule.is_room_mention", ".m.rule.tombstone", ".m.rule.reaction",
                ".m.rule.room.server_acl", ".m.rule.suppress_edits",
            ])
        #expect(
            try ids(changes, .underride) == [
                ".m.rule.call", ".m.rule.encrypted_room_one_to_one", ".m.rule.room_one_to_one", ".m.rule.message",
                ".m.rule.encrypted",
            ])
        for kind in [PushRuleKind.content, .room, .sender] { #expect(try ids(changes, kind).isEmpty) }
    }

    @Test func writesRulesAsTheSpecificationShowsThem() throws {
        let ruleset = PushRuleChanges().ruleset(for: try user())
        #expect(
            ruleset.rule(.override, ".m.rule.is_user_mention")?.json(kind: .override) == [
                "rule_id": ".m.rule.is_user_mention", "default": true, "enabled": true,
                "conditions": [
                    [
                        "kind": "event_property_contains", "key": #"content.m\.mentions.user_ids"#,
                        "value": "@alice:example.com",
                    ]
                ], "actions": ["notify", ["set_tweak": "sound", "value": "default"], ["set_tweak": "highlight"]],
            ])
        #expect(
            ruleset.rule(.override, ".m.rule.master")?.json(kind: .override) == [
                "rule_id": ".m.rule.master", "default": true, "enabled": false, "conditions": [], "actions": [],
            ])
        let content = try JSONValue(parsing: ruleset.content)
        #expect(
            Set(content["global"]?.object?.keys ?? [:].keys) == ["override", "content", "room", "sender", "underride"])
        #expect(content["global"]?["override"]?.array?.count == 10)
        #expect(content["global"]?["room"] == [])
    }

    @Test func newRulesComeFirstButAfterTheMaster() throws {
        var changes = PushRuleChanges()
        for id in ["a", "b", "c"] { try changes.put(.override, id, body: plain) }
        #expect(
            try Array(ids(changes, .override).prefix(5)) == [
                ".m.rule.master", "c", "b", "a", ".m.rule.suppress_notices",
            ])
        try changes.put(.underride, "x", body: plain)
        #expect(try ids(changes, .underride).first == "x")
    }

    @Test func rulesGoBesideOthers() throws {
        var changes = PushRuleChanges()
        for id in ["a", "b", "c"] { try changes.put(.sender, id, body: plain) }
        try changes.put(.sender, "d", body: plain, before: "b")
        #expect(try ids(changes, .sender) == ["c", "d", "b", "a"])
        try changes.put(.sender, "e", body: plain, after: "b")
        #expect(try ids(changes, .sender) == ["c", "d", "b", "e", "a"])
        try changes.put(.sender, "f", body: plain, before: "c", after: "a")
        #expect(try ids(changes, .sender) == ["f", "c", "d", "b", "e", "a"])
        try changes.put(.sender, "a", body: plain, before: "f")
        #expect(try ids(changes, .sender) == ["a", "f", "c", "d", "b", "e"])
        try changes.put(.sender, "b", body: plain, before: "b")
        try changes.put(.sender, "c", body: plain)
        #expect(try ids(changes, .sender) == ["a", "f", "c", "d", "b", "e"])
        for neighbour in ["nobody", ".m.rule.master"] {
            #expect(throws: PushRuleError.unknownNeighbour(neighbour)) {
                try changes.put(.sender, "z", body: plain, after: neighbour)
            }
        }
        #expect(try ids(changes, .sender).count == 6)
    }

    @Test func changingARuleKeepsWhetherItIsEnabled() throws {
        var changes = PushRuleChanges()
        try changes.put(.content, "a", body: ["actions": [], "pattern": "cake"])
        try changes.setEnabled(.content, "a", false, in: changes.ruleset(for: user()))
        try changes.put(.content, "a", body: ["actions": ["notify"], "pattern": "tea"])
        let rule = try #require(changes.ruleset(for: user()).rule(.content, "a"))
        #expect(!rule.isEnabled && rule.pattern == "tea" && rule.actions == [.notify])
    }

    @Test(arguments: ["", ".mine", "a/b", #"a\b"#, "a\0", String(repeating: "x", count: 513)])
    func refusesBadIDs(_ id: String) {
        var changes = PushRuleChanges()
        #expect(throws: PushRuleError.invalidID) { try changes.put(.room, id, body: plain) }
        #expect(changes.isEmpty)
    }

    @Test(
        arguments: [
            (.room, [:], .invalidActions), (.room, ["actions": "notify"], .invalidActions),
            (.room, ["actions": ["not_an_action"]], .invalidActions),
            (.room, ["actions": [["set_tweak": 1]]], .invalidActions),
            (.content, ["actions": []], .invalidPattern), (.content, ["actions": [], "pattern": 5], .invalidPattern),
            (.override, ["actions": [], "conditions": [:]], .invalidConditions),
            (.override, ["actions": [], "conditions": [[:]]], .invalidConditions),
            (.underride, ["actions": [], "conditions": [["kind": "event_match"]]], .invalidConditions),
            (
                .override, ["actions": [], "conditions": [["kind": "room_member_count", "is": "x"]]], .invalidConditions
            ),
        ] as [(PushRuleKind, JSONValue, PushRuleError)])
    func refusesBadRules(_ kind: PushRuleKind, _ body: JSONValue, _ error: PushRuleError) {
        var changes = PushRuleChanges()
        #expect(throws: error) { try changes.put(kind, "id", body: body) }
        #expect(changes.isEmpty)
    }

    @Test func acceptsWhatItDoesNotKnow() throws {
        var changes = PushRuleChanges()
        let condition: JSONValue = ["kind": "org.example.future", "weight": 5]
        try changes.put(.override, "a", body: ["actions": ["dont_notify", "coalesce"], "conditions": [condition]])
        let rule = try #require(changes.ruleset(for: user()).rule(.override, "a"))
        #expect(rule.actions.isEmpty)
        #expect(rule.json(kind: .override)["conditions"] == [condition])
    }

    @Test func changesDefaults() throws {
        var changes = PushRuleChanges()
        let ruleset = changes.ruleset(for: try user())
        try changes.setEnabled(.override, ".m.rule.master", true, in: ruleset)
        try changes.setActions(.underride, ".m.rule.message", [["set_tweak": "sound", "value": "x"]], in: ruleset)
        let changed = changes.ruleset(for: try user())
        #expect(changed.rule(.override, ".m.rule.master")?.isEnabled == true)
        #expect(changed.rule(.underride, ".m.rule.message")?.actions == [.setTweak("sound", value: "x")])
        #expect(changed.rule(.underride, ".m.rule.call") == ruleset.rule(.underride, ".m.rule.call"))
        for (kind, id) in [(PushRuleKind.override, ".m.rule.nothing"), (.underride, ".m.rule.master"), (.room, "x")] {
            #expect(throws: PushRuleError.notFound) { try changes.setEnabled(kind, id, true, in: changed) }
            #expect(throws: PushRuleError.notFound) { try changes.setActions(kind, id, [], in: changed) }
        }
        #expect(throws: PushRuleError.invalidActions) {
            try changes.setActions(.override, ".m.rule.master", ["x"], in: changed)
        }
        #expect(throws: PushRuleError.notFound) { try changes.remove(.override, ".m.rule.master") }
    }

    @Test func removesRules() throws {
        var changes = PushRuleChanges()
        try changes.put(.room, "!a:b", body: plain)
        #expect(throws: PushRuleError.notFound) { try changes.remove(.sender, "!a:b") }
        try changes.remove(.room, "!a:b")
        #expect(changes.isEmpty)
        #expect(throws: PushRuleError.notFound) { try changes.remove(.room, "!a:b") }
    }

    @Test func boundsTheNumberOfRules() throws {
        var changes = PushRuleChanges()
        for number in 0..<PushRuleChanges.mostRules { try changes.put(.sender, "\(number)", body: plain) }
        #expect(throws: PushRuleError.tooManyRules) { try changes.put(.room, "x", body: plain) }
        try changes.put(.sender, "5", body: ["actions": []])
        try changes.remove(.sender, "6")
        try changes.put(.room, "x", body: plain)
    }

    @Test func isStoredAndReadAgain() throws {
        var changes = PushRuleChanges()
        try changes.put(
            .content, "cake", body: ["actions": ["notify", ["set_tweak": "sound", "value": "x"]], "pattern": "ca*e"])
        try changes.put(
            .override, "o", body: ["actions": [], "conditions": [["kind": "room_member_count", "is": "<=10"]]])
        try changes.put(.room, "!a:b", body: plain)
        try changes.put(.room, "!c:d", body: plain)
        try changes.setEnabled(.room, "!a:b", false, in: changes.ruleset(for: user()))
        try changes.setEnabled(.override, ".m.rule.master", true, in: changes.ruleset(for: user()))
        try changes.setActions(.underride, ".m.rule.call", ["notify"], in: changes.ruleset(for: user()))
        let stored = try JSONValue(parsing: changes.json.canonicalBytes)
        #expect(PushRuleChanges(json: stored).json == changes.json)
        #expect(PushRuleChanges(json: stored).ruleset(for: try user()) == changes.ruleset(for: try user()))
        #expect(PushRuleChanges(json: [:]).isEmpty)
        #expect(PushRuleChanges(json: ["rules": 5, "defaults": ["override": [1]]]).isEmpty)
    }

    @Test func followsARoomToItsSuccessor() throws {
        let old = try #require(RoomID("!old:b"))
        let new = try #require(RoomID("!new:b"))
        var changes = PushRuleChanges()
        try changes.put(.room, old.description, body: ["actions": []])
        try changes.put(
            .override, old.description,
            body: ["actions": [], "conditions": [["kind": "event_match", "key": "room_id", "pattern": "!old:b"]]])
        try changes.put(.room, "!other:b", body: plain)
        changes.copyRules(of: old, to: new)
        changes.copyRules(of: old, to: new)
        #expect(try ids(changes, .room) == ["!new:b", "!other:b", "!old:b"])
        let copy = try #require(changes.ruleset(for: user()).rule(.override, "!new:b"))
        #expect(copy.conditions == [.eventMatch("room_id", "!new:b")])
    }
}
