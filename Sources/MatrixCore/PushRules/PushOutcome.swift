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
