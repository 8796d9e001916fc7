package import HTTPAPI
package import MatrixCore
package import Storage

/// An account whose password was given.
package struct VerifiedAccount: Sendable {
    package let user: UserRecord
    package let account: AccountRecord
    /// The hash that the password was checked against.
    package let passwordHash: String
}

/// Checks the passwords of accounts, for logins and for user-interactive authentication.
package struct PasswordCheck: Sendable {
    let accounts: AccountStore
    let interning: Interning
    let hasher: PasswordHasher
    let limiter: any RateLimiter

    package init(
        accounts: AccountStore, interning: Interning, hasher: PasswordHasher, limiter: any RateLimiter = UnlimitedRate()
    ) {
        self.accounts = accounts
        self.interning = interning
        self.hasher = hasher
        self.limiter = limiter
    }

    /// - Returns: `nil` when there is no such account, it has no password, or it has another one; callers must not tell
    ///   which.
    /// - Throws: `M_LIMIT_EXCEEDED` when the account's password was tried too often, from wherever.
    package func verify(_ password: String, of userID: UserID) async throws -> VerifiedAccount? {
        if let wait = limiter.wait(for: .user(userID), in: .logins) {
            throw MatrixError.limitExceeded(retryAfter: wait)
        }
        var user: UserRecord?
        var account: AccountRecord?
        if let known = try await interning.knownUser(userID) {
            user = known
            account = try await accounts.account(of: known.nid)
        }
        guard try await hasher.verify(password, against: account?.passwordHash), let user, let account,
            let hash = account.passwordHash
        else { return nil }
        return VerifiedAccount(
            user: user, account: account, passwordHash: try await renewed(hash, of: user, password: password))
    }

    /// The hash as it is after this: made anew when the configured cost has changed, as the password is at hand.
    private func renewed(_ hash: String, of user: UserRecord, password: String) async throws -> String {
        guard hasher.needsRenewal(hash) else { return hash }
        let new = try await hasher.hash(password)
        return try await accounts.renewPasswordHash(hash, with: new, of: user.nid) ? new : hash
    }
}
