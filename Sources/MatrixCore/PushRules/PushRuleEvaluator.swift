/// Asks the push rules of many users about one event. What the rules need of the event is worked out once, and each set of
/// rules is asked once, however many users have it.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#push-rules
package struct PushRuleEvaluator {
    /// Who may notify a whole room, where the power levels say nothing.
    package static let defaultNotificationLevel: Int64 = 50
    /// What the conditions of one set of rules may cost: characters of texts in which patterns are looked for, members of
    /// objects and elements of arrays that are looked at.
    ///
    /// A user can have thousands of conditions, and whoever sends an event chooses 64 KiB of it. The user's own rules that
    /// would come after this much work do not match: some 20 ms, which 250 patterns and the longest text stay below.
    package static let mostSteps = 1 << 24

    /// How many rules were asked so far: what the work rests on, for tests and measurements.
    package private(set) var askedRules = 0

    private let event: JSONView
    private let room: String
    private let sender: String
    private let memberCount: Int
    private let senderLevel: Int64
    private let notificationLevels: [String: Int64]
    private var verdicts: [ObjectIdentifier: (rules: PushRuleset, verdict: PushVerdict)] = [:]
    private var steps = 0
    /// Properties that were looked up, by slot or else by path. By names, since one path can be written in many ways.
    private var common: [Property?]
    private var others: [[String]: Property] = [:]
    /// The users in lists of the event, by the list's path.
    private var userLists: [String: Set<UserID>] = [:]

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
        common = Array(repeating: nil, count: PropertyPath.slotCount)
    }

    /// The rule that matches, or `nil` when none does, or when the user sent the event: then nobody is to be notified.
    package mutating func outcome(for user: UserID, displayName: String?, rules: PushRuleset) -> PushOutcome? {
        guard !sender.utf8.elementsEqual(user.description.utf8) else { return nil }
        let verdict = verdict(of: rules)
        for candidate in verdict.candidates
        where candidate.tests.allSatisfy({ holds($0, for: user, displayName) }) {
            return candidate.outcome
        }
        return verdict.common
    }

    /// What a set of rules says to everybody but the sender. Worked out at the first call.
    package mutating func verdict(of rules: PushRuleset) -> PushVerdict {
        if let known = verdicts[rules.identity] { return known.verdict }
        steps = 0
        let verdict = ask(rules)
        // The rules are kept with it, so that no others can come to have the same identity.
        verdicts[rules.identity] = (rules, verdict)
        return verdict
    }

    private mutating func ask(_ rules: PushRuleset) -> PushVerdict {
        var candidates: [PushVerdict.Candidate] = []
        for kind in PushRuleKind.allCases {
            for rule in rules[kind] where rule.isEnabled {
                askedRules += 1
                guard let personal = personalTests(kind, rule) else { continue }
                let outcome = PushOutcome(kind: kind, ruleID: rule.id, actions: rule.actions)
                if personal.isEmpty { return PushVerdict(candidates: candidates, common: outcome) }
                candidates.append(PushVerdict.Candidate(outcome: outcome, tests: personal))
            }
        }
        return PushVerdict(candidates: candidates, common: nil)
    }

    /// What a rule still asks of the user; `nil` when it matches nobody.
    private mutating func personalTests(_ kind: PushRuleKind, _ rule: PushRule) -> [PushCondition.Test]? {
        switch kind {
        case .override, .underride:
            var personal: [PushCondition.Test] = []
            for condition in rule.conditions {
                guard mayAsk(rule), mayHold(condition.test) else { return nil }
                if condition.test.isPersonal { personal.append(condition.test) }
            }
            return personal
        case .content:
            guard mayAsk(rule), let glob = rule.glob, let body = body() else { return nil }
            return matches(glob, body) ? [] : nil
        case .room: return rule.id.utf8.elementsEqual(room.utf8) ? [] : nil
        case .sender: return rule.id.utf8.elementsEqual(sender.utf8) ? [] : nil
        }
    }

    /// The default rules are few, and cheap.
    private func mayAsk(_ rule: PushRule) -> Bool { rule.isDefault || steps <= Self.mostSteps }

    /// Whether a condition holds, or, when it asks something of the user, whether there is any user for whom it does.
    private mutating func mayHold(_ test: PushCondition.Test) -> Bool {
        switch test {
        case .eventMatch(let path, let glob):
            guard let text = property(path).folded else { return false }
            return matches(glob, text)
        case .eventPropertyIs(let path, let value):
            guard let property = property(path).value else { return false }
            return Self.isSame(property, value)
        case .eventPropertyContains(let path, let value):
            guard let elements = property(path).value?.array else { return false }
            steps += elements.count
            return elements.contains { Self.isSame($0, value) }
        case .roomMemberCount(let count): return count.holds(memberCount)
        case .senderNotificationPermission(let key):
            return senderLevel >= notificationLevels[key] ?? Self.defaultNotificationLevel
        case .containsDisplayName: return body() != nil
        case .eventMatchesUser(let path): return property(path).folded != nil
        case .eventPropertyContainsUser(let path): return !users(in: path).isEmpty
        case .never: return false
        }
    }

    /// Whether a condition holds for a user.
    private mutating func holds(_ test: PushCondition.Test, for user: UserID, _ displayName: String?) -> Bool {
        switch test {
        case .eventMatchesUser(let path):
            guard let text = property(path).folded, let glob = Glob(user.description) else { return false }
            return glob.matches(text)
        case .eventPropertyContainsUser(let path): return users(in: path).contains(user)
        case .containsDisplayName:
            guard let displayName, !displayName.isEmpty, let body = body(),
                let glob = Glob(literal: displayName, extent: .words)
            else { return false }
            return glob.matches(body)
        default: return mayHold(test)
        }
    }

    private mutating func matches(_ glob: Glob, _ text: [UInt32]) -> Bool {
        steps += glob.steps(in: text)
        return glob.matches(text)
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
        if let known = path.slot.map({ common[$0] }) ?? others[path.names] { return known }
        let value = path.value(in: event, steps: &steps)
        let property = Property(value: value, folded: value?.string.map(FoldedText.fold))
        if let slot = path.slot { common[slot] = property } else { others[path.names] = property }
        return property
    }

    /// What in an array is a user id: looked up for many users, and anybody may put any number there.
    private mutating func users(in path: PropertyPath) -> Set<UserID> {
        if let known = userLists[path.text] { return known }
        let users = Set(property(path).value?.array?.lazy.compactMap { $0.string.flatMap(UserID.init) } ?? [])
        userLists[path.text] = users
        return users
    }
}
