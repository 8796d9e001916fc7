/// Why a change of push rules cannot be made.
package enum PushRuleError: Error, Hashable, Sendable {
    /// There is no such rule: 404.
    case notFound
    /// The id begins with a dot, has a slash, a backslash or a NUL, or is empty or too long.
    case invalidID
    /// `actions` is missing, or one of them is no action.
    case invalidActions
    /// A condition is no condition, or there are too many.
    case invalidConditions
    /// A content rule without a pattern, or with one that is too long.
    case invalidPattern
    /// `before` or `after` names no rule of the user's own of this kind.
    case unknownNeighbour(String)
    /// The user has as many rules as one may have.
    case tooManyRules
}
