import MatrixCore

/// Rules as a client sets them and as they are stored, asked about any event.
///
/// Input: `{"changes": {...}, "put": [{"kind", "rule_id", "body"}], "event": {...}, "name", "members", "level"}`.
enum PushRuleFuzzTarget {
    static let dictionary = [
        "\"kind\":\"event_match\"", "\"kind\":\"event_property_is\"", "\"kind\":\"event_property_contains\"",
        "\"kind\":\"contains_display_name\"", "\"kind\":\"room_member_count\"", "\"is\":\">=2\"",
        "\"key\":\"content.body\"",
        "\"key\":\"content.m\\\\.mentions.room\"", "\"pattern\":\"*a*\"", "\"kind\":\"sender_notification_permission\"",
        "\"actions\":[\"notify\"]", "\"set_tweak\":\"highlight\"", "\"value\":true", "\"enabled\":false",
        ".m.rule.master",
        "\"override\":[", "\"content\":[", "\"room\":[", "\"sender\":[", "\"underride\":[", "\"defaults\":{",
        "\"rules\":{",
        "\"m.mentions\":{\"user_ids\":[\"@alice:b\"],\"room\":true}", "\"msgtype\":\"m.notice\"", "\"state_key\":\"\"",
    ]

    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        guard let document = try? JSONDocument(parsing: bytes), let user = UserID("@alice:b"), let room = RoomID("!r:b")
        else { return }
        let input = document.root.value()
        var changes = PushRuleChanges(json: input["changes"] ?? [:])
        for put in input["put"]?.array ?? [] {
            guard let kind = put["kind"]?.string.flatMap(PushRuleKind.init), let id = put["rule_id"]?.string else {
                continue
            }
            try? changes.put(
                kind, id, body: put["body"] ?? [:], before: put["before"]?.string, after: put["after"]?.string)
        }
        try FuzzFailure.unless(PushRuleChanges(json: changes.json) == changes, "rules change when they are stored")
        let rules = changes.ruleset()
        let personal = rules.personal(to: user)
        try FuzzFailure.unless((try? JSONDocument(parsing: personal.content)) != nil, "rules are no JSON")
        guard let event = document["event"] else { return }
        func evaluator() -> PushRuleEvaluator {
            PushRuleEvaluator(
                event: event, room: room, memberCount: Int(clamping: input["members"]?.int ?? 3),
                senderLevel: input["level"]?.int ?? 0, notificationLevels: [:])
        }
        var (shared, alone) = (evaluator(), evaluator())
        let name = input["name"]?.string
        if let other = UserID("@other:b") { _ = shared.outcome(for: other, displayName: nil, rules: rules) }
        let outcome = shared.outcome(for: user, displayName: name, rules: rules)
        try FuzzFailure.unless(
            outcome == alone.outcome(for: user, displayName: name, rules: personal),
            "rules shared with others say something else than the user's own")
        try FuzzFailure.unless(
            outcome == Self.outcome(event, user, name, personal, alone), "the verdict is not that of the first rule")
        if outcome?.highlights == true { try FuzzFailure.unless(outcome?.notifies == true, "a silent highlight") }
        _ = outcome?.tweaks
    }

    /// Each rule asked by itself: the first that matches.
    private static func outcome(
        _ event: JSONView, _ user: UserID, _ name: String?, _ rules: PushRuleset, _ evaluator: PushRuleEvaluator
    ) -> PushOutcome? {
        var evaluator = evaluator
        for kind in PushRuleKind.allCases {
            for rule in rules[kind] {
                let found = evaluator.outcome(for: user, displayName: name, rules: PushRuleset([kind: [rule]]))
                if let found { return found }
            }
        }
        return nil
    }
}
