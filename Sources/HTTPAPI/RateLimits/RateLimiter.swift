package import MatrixCore

/// What is limited, each class with a budget of its own. The names are those of the configuration.
package enum RateLimitClass: String, Sendable, CaseIterable {
    /// Whatever the specification calls rate-limited and no other class covers.
    case requests
    case messages
    case joins
    case invites
    case logins
    case registrations
    case federation
}

/// Whose budget a request is taken from.
package enum RateLimitSubject: Hashable, Sendable {
    case user(UserID)
    case address(String)
    case server(ServerName)
}

/// Says who has to wait.
package protocol RateLimiter: Sendable {
    /// Takes one from the subject's budget.
    ///
    /// - Returns: how long to wait when there is nothing left; nil to go on.
    func wait(for subject: RateLimitSubject, in budget: RateLimitClass) -> Duration?
}

/// Nobody waits.
package struct UnlimitedRate: RateLimiter {
    package init() {}
    package func wait(for subject: RateLimitSubject, in budget: RateLimitClass) -> Duration? { nil }
}
