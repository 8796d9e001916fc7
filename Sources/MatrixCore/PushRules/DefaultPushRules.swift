/// The rules that every user has.
///
/// They are one value for all users: where a rule speaks of its user, its condition does, and is given the user when it
/// is asked. So they are made once, and asked once about an event for everybody.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#predefined-rules
package enum DefaultPushRules {
    /// Asked before everything else, the user's own rules included.
    package static let masterID = ".m.rule.master"

    package static let ruleset = PushRuleset([.override: override, .underride: underride])

    private static let override: [PushRule] = [
        PushRule(id: masterID, isDefault: true, isEnabled: false, actions: []),
        rule(".m.rule.suppress_notices", [.eventMatch("content.msgtype", "m.notice")], []),
        rule(
            ".m.rule.invite_for_me",
            [
                .eventMatch("type", "m.room.member"), .eventMatch("content.membership", "invite"),
                .eventMatchesUser("state_key"),
            ], [.notify, .defaultSound]),
        rule(".m.rule.member_event", [.eventMatch("type", "m.room.member")], []),
        rule(
            ".m.rule.is_user_mention", [.propertyContainsUser(#"content.m\.mentions.user_ids"#)],
            [.notify, .defaultSound, .highlight]),
        rule(
            ".m.rule.is_room_mention",
            [.propertyIs(#"content.m\.mentions.room"#, true), .senderMayNotify("room")], [.notify, .highlight]),
        rule(
            ".m.rule.tombstone", [.eventMatch("type", "m.room.tombstone"), .eventMatch("state_key", "")],
            [.notify, .highlight]),
        rule(".m.rule.reaction", [.eventMatch("type", "m.reaction")], []),
        rule(".m.rule.room.server_acl", [.eventMatch("type", "m.room.server_acl"), .eventMatch("state_key", "")], []),
        rule(".m.rule.suppress_edits", [.propertyIs(#"content.m\.relates_to.rel_type"#, "m.replace")], []),
    ]

    private static let underride: [PushRule] = [
        rule(
            ".m.rule.call", [.eventMatch("type", "m.call.invite")],
            [.notify, .setTweak("sound", value: "ring")]),
        rule(
            ".m.rule.encrypted_room_one_to_one", [.memberCountIs(2), .eventMatch("type", "m.room.encrypted")],
            [.notify, .defaultSound]),
        rule(
            ".m.rule.room_one_to_one", [.memberCountIs(2), .eventMatch("type", "m.room.message")],
            [.notify, .defaultSound]),
        rule(".m.rule.message", [.eventMatch("type", "m.room.message")], [.notify]),
        rule(".m.rule.encrypted", [.eventMatch("type", "m.room.encrypted")], [.notify]),
    ]

    private static func rule(_ id: String, _ conditions: [PushCondition], _ actions: [PushAction]) -> PushRule {
        PushRule(id: id, isDefault: true, conditions: conditions, actions: actions)
    }
}
