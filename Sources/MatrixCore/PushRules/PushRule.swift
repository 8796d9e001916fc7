/// A push rule.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#push-rules
package struct PushRule: Hashable, Sendable {
    /// Unique within the kind. Rules of the server's own begin with a dot.
    package let id: String
    package let isDefault: Bool
    package var isEnabled: Bool
    /// All must hold. Only in override and underride rules.
    package let conditions: [PushCondition]
    /// Only in content rules.
    package let pattern: String?
    package var actions: [PushAction]
    /// The pattern as it is searched for; `nil` when there is none, or none that could match.
    let glob: Glob?

    package init(
        id: String, isDefault: Bool = false, isEnabled: Bool = true, conditions: [PushCondition] = [],
        pattern: String? = nil, actions: [PushAction]
    ) {
        self.id = id
        self.isDefault = isDefault
        self.isEnabled = isEnabled
        self.conditions = conditions
        self.pattern = pattern
        self.actions = actions
        glob = pattern.flatMap { Glob($0, extent: .words) }
    }

    /// The same rule with the user's id written out where it speaks of its user.
    func personal(to user: UserID) -> PushRule {
        PushRule(
            id: id, isDefault: isDefault, isEnabled: isEnabled, conditions: conditions.map { $0.personal(to: user) },
            pattern: pattern, actions: actions)
    }

    /// The rule as clients see it.
    package func json(kind: PushRuleKind) -> JSONValue {
        var json: JSONValue = [
            "rule_id": .string(id), "default": .bool(isDefault), "enabled": .bool(isEnabled),
            "actions": .array(actions.map(\.json)),
        ]
        if kind == .override || kind == .underride { json["conditions"] = .array(conditions.map(\.json)) }
        if let pattern { json["pattern"] = .string(pattern) }
        return json
    }
}
