/// The rules that every user has.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#predefined-rules
package enum DefaultPushRules {
    /// Asked before everything else, the user's own rules included.
    package static let masterID = ".m.rule.master"

    /// Rules that were in the specification before 1.17 and look for names in the text. They do not apply to events that
    /// say with `m.mentions` whom they mention.
    static let legacyMentionIDs: Set<String> = [
        ".m.rule.contains_display_name", ".m.rule.contains_user_name", ".m.rule.roomnotif",
    ]

    /// - Parameter withLegacyMentions: also the rules for clients that do not send `m.mentions`.
    package static func ruleset(for user: UserID, withLegacyMentions: Bool = false) -> PushRuleset {
        PushRuleset([
            .override: override(user, withLegacyMentions: withLegacyMentions),
            .content: withLegacyMentions ? [containsUserName(user)] : [],
            .underride: underride,
        ])
    }

    private static func override(_ user: UserID, withLegacyMentions: Bool) -> [PushRule] {
        var rules = beforeMentions(user)
        if withLegacyMentions { rules += legacyMentions }
        return rules + afterMentions
    }

    private static func beforeMentions(_ user: UserID) -> [PushRule] {
        [
            PushRule(id: masterID, isDefault: true, isEnabled: false, actions: []),
            rule(".m.rule.suppress_notices", [.eventMatch("content.msgtype", "m.notice")], []),
            rule(
                ".m.rule.invite_for_me",
                [
                    .eventMatch("type", "m.room.member"), .eventMatch("content.membership", "invite"),
                    .eventMatch("state_key", user.description),
                ], [.notify, .defaultSound]),
            rule(".m.rule.member_event", [.eventMatch("type", "m.room.member")], []),
            rule(
                ".m.rule.is_user_mention",
                [.propertyContains(#"content.m\.mentions.user_ids"#, .string(user.description))],
                [.notify, .defaultSound, .highlight]),
        ]
    }

    private static let afterMentions: [PushRule] = [
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

    private static let legacyMentions: [PushRule] = [
        rule(".m.rule.contains_display_name", [.containsDisplayName], [.notify, .defaultSound, .highlight]),
        rule(
            ".m.rule.roomnotif", [.eventMatch("content.body", "@room"), .senderMayNotify("room")],
            [.notify, .highlight]),
    ]

    private static func containsUserName(_ user: UserID) -> PushRule {
        PushRule(
            id: ".m.rule.contains_user_name", isDefault: true, pattern: user.localpart,
            actions: [.notify, .defaultSound, .highlight])
    }

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
