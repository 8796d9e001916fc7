/// What a rule that matched wants done.
package struct PushOutcome: Hashable, Sendable {
    package let kind: PushRuleKind
    package let ruleID: String
    package let actions: [PushAction]

    /// Whether the event counts as a notification and goes to the user's pushers.
    package var notifies: Bool { actions.contains(.notify) }

    /// Whether the event counts as a highlight.
    package var highlights: Bool {
        notifies
            && actions.contains { action in
                guard case .setTweak("highlight", let value) = action else { return false }
                return value != .bool(false)
            }
    }

    /// The tweaks as they go to the push gateway; a highlight without a value is `true`.
    package var tweaks: [String: JSONValue] {
        var tweaks: [String: JSONValue] = [:]
        for case .setTweak(let name, let value) in actions {
            tweaks[name] = value ?? (name == "highlight" ? .bool(true) : .null)
        }
        return tweaks
    }
}

/// Asks the push rules of many users about one event. What the rules need of the event is worked out once.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#push-rules
package struct PushRuleEvaluator {
    /// Who may notify a whole room, where the power levels say nothing.
    package static let defaultNotificationLevel: Int64 = 50

    private let event: JSONView
    private let room: String
    private let sender: String
    private let memberCount: Int
    private let senderLevel: Int64
    private let notificationLevels: [String: Int64]
    private let hasMentions: Bool
    /// Properties that were looked up, by slot or else by path.
    private var common: [Property?]
    private var others: [String: Property] = [:]

    private struct Property {
        /// `nil` when the event does not have it.
        let value: JSONView?
        /// In lower case, when it is a string.
        let folded: [UInt32]?
    }

    /// - Parameters:
    ///   - event: the event as JSON, with `type`, `sender`, `content` and, for state, `state_key`.
    ///   - memberCount: how many members the room has joined.
    ///   - senderLevel: the power level of the sender.
    ///   - notificationLevels: `notifications` of the room's power levels.
    package init(
        event: JSONView, room: RoomID, memberCount: Int, senderLevel: Int64, notificationLevels: [String: Int64]
    ) {
        self.event = event
        self.room = room.description
        sender = event["sender"]?.string ?? ""
        self.memberCount = memberCount
        self.senderLevel = senderLevel
        self.notificationLevels = notificationLevels
        hasMentions = event["content"]?["m.mentions"] != nil
        common = Array(repeating: nil, count: PropertyPath.slotCount)
    }

    /// The rule that matches, or `nil` when none does, or when the user sent the event: then nobody is to be notified.
    package mutating func outcome(for user: UserID, displayName: String?, rules: PushRuleset) -> PushOutcome? {
        guard sender != user.description else { return nil }
        for kind in PushRuleKind.allCases {
            for rule in rules[kind] where rule.isEnabled && matches(kind, rule, displayName) {
                return PushOutcome(kind: kind, ruleID: rule.id, actions: rule.actions)
            }
        }
        return nil
    }

    private mutating func matches(_ kind: PushRuleKind, _ rule: PushRule, _ displayName: String?) -> Bool {
        if hasMentions, rule.isLegacyMention { return false }
        switch kind {
        case .override, .underride:
            for condition in rule.conditions where !holds(condition.test, displayName) { return false }
            return true
        case .content:
            guard let glob = rule.glob, let body = body() else { return false }
            return glob.matches(body)
        case .room: return rule.id == room
        case .sender: return rule.id == sender
        }
    }

    private mutating func holds(_ test: PushCondition.Test, _ displayName: String?) -> Bool {
        switch test {
        case .eventMatch(let path, let glob):
            guard let text = property(path).folded else { return false }
            return glob.matches(text)
        case .eventPropertyIs(let path, let value):
            guard let property = property(path).value else { return false }
            return Self.isSame(property, value)
        case .eventPropertyContains(let path, let value):
            return property(path).value?.array?.contains { Self.isSame($0, value) } ?? false
        case .containsDisplayName:
            guard let displayName, !displayName.isEmpty, let body = body(),
                let glob = Glob(literal: displayName, extent: .words)
            else { return false }
            return glob.matches(body)
        case .roomMemberCount(let count): return count.holds(memberCount)
        case .senderNotificationPermission(let key):
            return senderLevel >= notificationLevels[key] ?? Self.defaultNotificationLevel
        case .never: return false
        }
    }

    /// Only plain values are compared, and nothing is converted: `1` is not `true`, and `"1"` is not `1`.
    private static func isSame(_ property: JSONView, _ value: JSONValue) -> Bool {
        switch value {
        case .string(let text): property.stringEquals(text)
        case .integer(let number): property.int == number
        case .bool(let flag): property.bool == flag
        case .null: property.isNull
        case .float, .array, .object: false
        }
    }

    private mutating func body() -> [UInt32]? { property(Self.bodyPath).folded }

    private static let bodyPath = PropertyPath("content.body")

    private mutating func property(_ path: PropertyPath) -> Property {
        if let known = path.slot.map({ common[$0] }) ?? others[path.text] { return known }
        let value = path.value(in: event)
        let property = Property(value: value, folded: value?.string.map(FoldedText.fold))
        if let slot = path.slot { common[slot] = property } else { others[path.text] = property }
        return property
    }
}
