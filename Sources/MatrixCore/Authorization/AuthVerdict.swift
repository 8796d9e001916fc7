/// What the authorisation rules say about an event.
package enum AuthVerdict: Hashable, Sendable {
    case allowed
    case refused(AuthRefusal)

    package var isAllowed: Bool { self == .allowed }

    package var refusal: AuthRefusal? {
        switch self {
        case .allowed: nil
        case .refused(let refusal): refusal
        }
    }

    static func refused(_ rule: String, _ reason: String) -> AuthVerdict {
        .refused(AuthRefusal(rule: rule, reason: reason))
    }

    static func malformed(_ rule: String, _ reason: String) -> AuthVerdict {
        .refused(AuthRefusal(rule: rule, reason: reason, isMalformed: true))
    }
}

/// Why an event was refused.
package struct AuthRefusal: Hashable, Sendable, CustomStringConvertible {
    /// The number of the rule in room version 12, whatever the version of the room; rules that version 12 no longer
    /// has are named with their number and the versions that have them.
    package let rule: String
    /// For logs and for the `error` of an answer; never holds content.
    package let reason: String
    /// Whether the content has not the shape that its type wants, whoever sends it.
    package let isMalformed: Bool

    package init(rule: String, reason: String, isMalformed: Bool = false) {
        self.rule = rule
        self.reason = reason
        self.isMalformed = isMalformed
    }

    package var description: String { "rule \(rule): \(reason)" }
}
