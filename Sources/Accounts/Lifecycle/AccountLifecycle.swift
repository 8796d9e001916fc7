package import Cluster
package import HTTPAPI
package import MatrixCore
package import Storage
package import Telemetry

/// Hears of what happens to accounts, for those whose business goes on from there.
package protocol AccountObserver: Sendable {
    /// The account is ended: its user leaves all rooms.
    ///
    /// - Parameter erased: what the user wrote is not shown to who joins from now on.
    func accountWasDeactivated(_ user: UserRecord, erased: Bool) async
}

/// Changes of accounts as a whole: the password, the end, locks and suspensions.
package struct AccountLifecycle: Sendable {
    let accounts: AccountStore
    let interning: Interning
    let hasher: PasswordHasher
    let names: AccountNames
    let feed: LogFeed
    let clock: any Clock
    let observer: (any AccountObserver)?

    package init(
        accounts: AccountStore, interning: Interning, hasher: PasswordHasher, names: AccountNames, feed: LogFeed,
        telemetry: Telemetry, observer: (any AccountObserver)? = nil
    ) {
        self.accounts = accounts
        self.interning = interning
        self.hasher = hasher
        self.names = names
        self.feed = feed
        clock = telemetry.clock
        self.observer = observer
    }

    /// Changes the password of whoever asks.
    ///
    /// - Parameter closesOtherDevices: ends all devices but the one that asks.
    /// - Throws: `M_WEAK_PASSWORD` when it is empty.
    package func changePassword(of user: LocalUser, to password: String, closesOtherDevices: Bool) async throws {
        guard !password.isEmpty else { throw MatrixError(.weakPassword, "The password is empty") }
        let hash = try await hasher.hash(password)
        let record = try await interning.user(user.userNID)
        let change = try await accounts.setPassword(
            hash, of: record, closesDevices: closesOtherDevices, except: user.deviceID, now: clock.nowMilliseconds)
        guard let change else { throw MatrixError(.userDeactivated, "This account has been deactivated") }
        feed.announce(change, of: record)
    }

    /// Ends an account for good.
    package func deactivate(_ user: UserNID, erase: Bool) async throws {
        let record = try await interning.user(user)
        guard let change = try await accounts.deactivate(record, erase: erase, now: clock.nowMilliseconds) else {
            return
        }
        feed.announce(change, of: record)
        await observer?.accountWasDeactivated(record, erased: erase)
    }

    // MARK: Moderation

    /// - Throws: `M_NOT_FOUND` when there is no such user, `M_INVALID_PARAM` for one of another server, `M_FORBIDDEN` for
    ///   administrators, who do not lock each other out.
    package func isLocked(_ userID: UserID) async throws -> Bool { try await local(userID).account.isLocked }

    package func isSuspended(_ userID: UserID) async throws -> Bool { try await local(userID).account.isSuspended }

    /// Locks an account, or lets it in again. Its tokens stay.
    package func setLocked(_ locked: Bool, _ userID: UserID) async throws {
        let user = try await local(userID).user
        try await moderated(user, accounts.moderate(user, locked: locked, now: clock.nowMilliseconds))
    }

    /// Suspends an account, or ends that.
    package func setSuspended(_ suspended: Bool, _ userID: UserID) async throws {
        let user = try await local(userID).user
        try await moderated(user, accounts.moderate(user, suspended: suspended, now: clock.nowMilliseconds))
    }

    private func moderated(_ user: UserRecord, _ change: AccessChange?) throws {
        guard let change else { throw MatrixError.notFound("The account is deactivated") }
        feed.announce(change, of: user)
    }

    private func local(_ userID: UserID) async throws -> (user: UserRecord, account: AccountRecord) {
        guard names.isLocal(userID) else { throw MatrixError.invalidParam("The user is not of this server") }
        guard let user = try await interning.knownUser(userID), let account = try await accounts.account(of: user.nid),
            !account.isDeactivated
        else { throw MatrixError.notFound("There is no such user") }
        guard !account.isAdministrator else { throw MatrixError.forbidden("The user is an administrator") }
        return (user, account)
    }
}
