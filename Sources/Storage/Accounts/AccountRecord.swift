/// A local account as the database has it.
package struct AccountRecord: Sendable {
    /// `nil` when nobody can log in with a password: guests, and whoever is deactivated.
    package let passwordHash: String?
    package let isAdministrator: Bool
    package let isGuest: Bool
    package let createdMilliseconds: Int64
    package let isDeactivated: Bool
    package let isLocked: Bool
    package let isSuspended: Bool
    /// Who joins a room from now on is not shown what this user wrote.
    package let isErased: Bool
}

/// An account that is to be made.
package struct NewAccount: Sendable {
    package let user: UserRecord
    package let passwordHash: String?
    package let isAdministrator: Bool
    package let isGuest: Bool
    package let displayName: String?
    /// The authentication that allows it, which is spent by it.
    package let session: TokenHash?
    /// The device that will be opened with it; a repetition of the request opens the same.
    package let deviceID: String?

    package init(
        user: UserRecord, passwordHash: String?, isAdministrator: Bool = false, isGuest: Bool = false,
        displayName: String? = nil, session: TokenHash? = nil, deviceID: String? = nil
    ) {
        self.user = user
        self.passwordHash = passwordHash
        self.isAdministrator = isAdministrator
        self.isGuest = isGuest
        self.displayName = displayName
        self.session = session
        self.deviceID = deviceID
    }
}

/// What became of an account that was to be made.
package enum AccountCreation: Int16, Sendable {
    case made = 0
    case nameIsTaken = 1
    /// The session is spent, or too old. Nothing was made.
    case sessionIsOver = 2
}
