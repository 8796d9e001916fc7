/// What a user changed about the default rules: rules of their own, and defaults switched or given other actions.
///
/// This is what is stored. Defaults are not, so that a newer server's defaults reach everybody.
package struct PushRuleChanges: Hashable, Sendable {
    package static let mostRules = 1000
    package static let mostConditions = 64
    package static let mostActions = 64
    package static let longestIDBytes = 512

    /// The user's own rules, the most important ones first.
    private var custom: [PushRuleKind: [PushRule]] = [:]
    private var defaults: [PushRuleKind: [String: DefaultChange]] = [:]

    private struct DefaultChange: Hashable, Sendable {
        var isEnabled: Bool?
        var actions: [PushAction]?
    }

    package init() {}

    package var isEmpty: Bool { custom.values.allSatisfy(\.isEmpty) && defaults.values.allSatisfy(\.isEmpty) }

    // MARK: What applies

    /// The rules that apply to users with these changes.
    package func ruleset() -> PushRuleset {
        if isEmpty { return DefaultPushRules.ruleset }
        var rules: [PushRuleKind: [PushRule]] = [:]
        for kind in PushRuleKind.allCases {
            let changes = defaults[kind] ?? [:]
            let base = DefaultPushRules.ruleset[kind].map { rule in
                var rule = rule
                if let isEnabled = changes[rule.id]?.isEnabled { rule.isEnabled = isEnabled }
                if let actions = changes[rule.id]?.actions { rule.actions = actions }
                return rule
            }
            let first = base.prefix { $0.id == DefaultPushRules.masterID }
            rules[kind] = first + (custom[kind] ?? []) + base.dropFirst(first.count)
        }
        return PushRuleset(rules)
    }

    /// The same as the user sees them.
    package func ruleset(for user: UserID) -> PushRuleset { ruleset().personal(to: user) }

    // MARK: Changes

    /// Adds a rule of the user's own, or changes the one of this kind and id. A new rule is enabled and the most important
    /// one of its kind, unless a neighbour is named; a changed one keeps its place and whether it is enabled.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3pushrulesglobalkindruleid
    /// - Parameter body: `actions`, and `conditions` or `pattern` as the kind has them.
    package mutating func put(
        _ kind: PushRuleKind, _ id: String, body: JSONValue, before: String? = nil, after: String? = nil
    ) throws(PushRuleError) {
        var rule = try Self.rule(kind, id, body)
        var rules = custom[kind] ?? []
        let present = rules.firstIndex { $0.id == id }
        if let present {
            rule.isEnabled = rules[present].isEnabled
            rules.remove(at: present)
        } else if customCount >= Self.mostRules {
            throw .tooManyRules
        }
        // A rule cannot stand beside itself: that leaves it where it is.
        if let before, before != id {
            guard let index = rules.firstIndex(where: { $0.id == before }) else { throw .unknownNeighbour(before) }
            rules.insert(rule, at: index)
        } else if let after, after != id {
            guard let index = rules.firstIndex(where: { $0.id == after }) else { throw .unknownNeighbour(after) }
            rules.insert(rule, at: index + 1)
        } else {
            rules.insert(rule, at: present ?? 0)
        }
        custom[kind] = rules
    }

    /// Removes a rule of the user's own. Defaults cannot be removed, only disabled.
    package mutating func remove(_ kind: PushRuleKind, _ id: String) throws(PushRuleError) {
        guard let index = custom[kind]?.firstIndex(where: { $0.id == id }) else { throw .notFound }
        custom[kind]?.remove(at: index)
    }

    /// - Parameter ruleset: what applies to the user now, in which the rule must be.
    package mutating func setEnabled(
        _ kind: PushRuleKind, _ id: String, _ isEnabled: Bool, in ruleset: PushRuleset
    ) throws(PushRuleError) {
        try change(kind, id, in: ruleset, custom: { $0.isEnabled = isEnabled }, standard: { $0.isEnabled = isEnabled })
    }

    /// - Parameter actions: the JSON list of actions.
    package mutating func setActions(
        _ kind: PushRuleKind, _ id: String, _ actions: JSONValue, in ruleset: PushRuleset
    ) throws(PushRuleError) {
        let actions = try Self.actions(actions)
        try change(kind, id, in: ruleset, custom: { $0.actions = actions }, standard: { $0.actions = actions })
    }

    /// What the user set for a room holds for the one that replaces it: its room rule, and rules with a condition on its id.
    /// As many as the bound on rules has room for.
    package mutating func copyRules(of old: RoomID, to new: RoomID) {
        let condition = PushCondition.eventMatch("room_id", old.description)
        for kind in PushRuleKind.allCases {
            let copies: [PushRule] = (custom[kind] ?? []).compactMap { rule in
                let isOfRoom = kind == .room ? rule.id == old.description : rule.conditions.contains(condition)
                guard isOfRoom else { return nil }
                let conditions = rule.conditions.map { other in
                    other == condition ? PushCondition.eventMatch("room_id", new.description) : other
                }
                return PushRule(
                    id: new.description, isEnabled: rule.isEnabled, conditions: conditions, pattern: rule.pattern,
                    actions: rule.actions)
            }
            // The copy is named after the room, so there can be one of a kind; the most important rule is the one to keep.
            guard let copy = copies.first, custom[kind]?.contains(where: { $0.id == copy.id }) != true,
                customCount < Self.mostRules
            else { continue }
            custom[kind, default: []].insert(copy, at: 0)
        }
    }

    private var customCount: Int { custom.values.reduce(0) { $0 + $1.count } }

    private mutating func change(
        _ kind: PushRuleKind, _ id: String, in ruleset: PushRuleset, custom changeCustom: (inout PushRule) -> Void,
        standard changeDefault: (inout DefaultChange) -> Void
    ) throws(PushRuleError) {
        if let index = custom[kind]?.firstIndex(where: { $0.id == id }) {
            changeCustom(&custom[kind, default: []][index])
        } else if ruleset.rule(kind, id)?.isDefault == true {
            changeDefault(&defaults[kind, default: [:]][id, default: DefaultChange()])
        } else {
            throw .notFound
        }
    }
}

// MARK: What may be set

extension PushRuleChanges {
    private static func rule(_ kind: PushRuleKind, _ id: String, _ body: JSONValue) throws(PushRuleError) -> PushRule {
        guard isValidID(id) else { throw .invalidID }
        guard let list = body["actions"] else { throw .invalidActions }
        let actions = try actions(list)
        switch kind {
        case .override, .underride:
            return PushRule(id: id, conditions: try conditions(body["conditions"]), actions: actions)
        case .content:
            guard let pattern = body["pattern"]?.string, Glob(pattern, extent: .words) != nil else {
                throw .invalidPattern
            }
            return PushRule(id: id, pattern: pattern, actions: actions)
        case .room, .sender:
            return PushRule(id: id, actions: actions)
        }
    }

    package static func isValidID(_ id: String) -> Bool {
        let bytes = id.utf8
        return !bytes.isEmpty && bytes.count <= longestIDBytes && bytes.first != UInt8(ascii: ".")
            && !bytes.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") || $0 == 0 }
    }

    private static func actions(_ json: JSONValue) throws(PushRuleError) -> [PushAction] {
        guard let actions = PushAction.list(json), actions.count <= mostActions else { throw .invalidActions }
        return actions
    }

    private static func conditions(_ json: JSONValue?) throws(PushRuleError) -> [PushCondition] {
        guard let json else { return [] }
        guard let elements = json.array, elements.count <= mostConditions else { throw .invalidConditions }
        var conditions: [PushCondition] = []
        for element in elements {
            guard let condition = PushCondition(element), condition.isUsable else { throw .invalidConditions }
            conditions.append(condition)
        }
        return conditions
    }
}

// MARK: As it is stored

extension PushRuleChanges {
    /// Reads what `json` wrote. Rules that this version does not understand are left out.
    package init(json: JSONValue) {
        for kind in PushRuleKind.allCases {
            let rules = json["rules"]?[kind.rawValue]?.array ?? []
            custom[kind] = rules.compactMap { stored in
                guard let id = stored["rule_id"]?.string, var rule = try? Self.rule(kind, id, stored) else {
                    return nil
                }
                rule.isEnabled = stored["enabled"]?.bool ?? true
                return rule
            }
            for (id, stored) in json["defaults"]?[kind.rawValue]?.object ?? [:] {
                defaults[kind, default: [:]][id] = DefaultChange(
                    isEnabled: stored["enabled"]?.bool, actions: stored["actions"].flatMap(PushAction.list))
            }
        }
    }

    package var json: JSONValue {
        var rules: [String: JSONValue] = [:]
        var changes: [String: JSONValue] = [:]
        for kind in PushRuleKind.allCases {
            if let own = custom[kind], !own.isEmpty { rules[kind.rawValue] = .array(own.map { $0.json(kind: kind) }) }
            if let changed = defaults[kind], !changed.isEmpty {
                changes[kind.rawValue] = .object(
                    changed.mapValues { change in
                        var json: JSONValue = [:]
                        if let isEnabled = change.isEnabled { json["enabled"] = .bool(isEnabled) }
                        if let actions = change.actions { json["actions"] = .array(actions.map(\.json)) }
                        return json
                    })
            }
        }
        return ["rules": .object(rules), "defaults": .object(changes)]
    }
}
