package import MatrixCore

/// A device of a local user.
package struct DeviceRecord: Sendable, Hashable {
    package let deviceID: String
    package let displayName: String?
    /// When and from where it was last seen; late by a few minutes.
    package let lastSeenMilliseconds: Int64?
    package let lastSeenAddress: String?
}

/// What an access token stands for.
package struct AccessTokenRecord: Sendable, Hashable {
    package let tokenID: Int64
    package let userNID: UserNID
    package let userID: UserID
    package let deviceID: String
    package let expiresMilliseconds: Int64?
    /// The refresh token whose first use by this pair is still to be noted; see `DeviceStore.confirm`.
    package let unconfirmedRefresh: TokenHash?
    package let isGuest: Bool
    package let isAdministrator: Bool
    package let isLocked: Bool
    package let isSuspended: Bool
}

/// The tokens that a device gets.
package struct NewTokens: Sendable {
    package let access: TokenHash
    package let accessExpiresMilliseconds: Int64?
    package let refresh: TokenHash?

    package init(access: TokenHash, accessExpiresMilliseconds: Int64?, refresh: TokenHash?) {
        self.access = access
        self.accessExpiresMilliseconds = accessExpiresMilliseconds
        self.refresh = refresh
    }
}

/// A device that is to get tokens, and is made if there is none of that id.
package struct DeviceOpening: Sendable {
    package let user: UserRecord
    package let deviceID: String
    /// For a new device only.
    package let displayName: String?
    package let address: String
    package let tokens: NewTokens
    /// The hash that a password was checked against: no device is opened when it is not the account's any more.
    package let verifiedHash: String?

    package init(
        user: UserRecord, deviceID: String, displayName: String?, address: String, tokens: NewTokens,
        verifiedHash: String?
    ) {
        self.user = user
        self.deviceID = deviceID
        self.displayName = displayName
        self.address = address
        self.tokens = tokens
        self.verifiedHash = verifiedHash
    }
}

/// What became of a device that was to be made.
package enum DeviceCreationOutcome: Sendable {
    case created(listed: LogPosition)
    case isThere
    /// There is none, or it is deactivated.
    case noAccount
    case tooManyDevices
}

/// What became of a device that was to be opened.
package enum DeviceOpeningOutcome: Sendable {
    /// A new device, of which the log tells those who know the user's devices.
    case opened(listed: LogPosition)
    /// One that was there, and where the log tells that its former tokens ended, if it had any.
    case reopened(ended: LogPosition?)
    /// Deactivated, or the password was changed meanwhile.
    case accountHasChanged
    case tooManyDevices
}

/// What became of a refresh.
package enum RefreshOutcome: Sendable {
    /// `confirmed`: the refresh token was used for the first time, which ended the tokens before it.
    case refreshed(confirmed: (user: UserNID, position: LogPosition)?)
    case unknown
    case accountIsLocked
}

/// A device that made a request.
package struct DeviceSighting: Sendable {
    package let userNID: UserNID
    package let deviceID: String
    package let atMilliseconds: Int64
    package let address: String

    package init(userNID: UserNID, deviceID: String, atMilliseconds: Int64, address: String) {
        self.userNID = userNID
        self.deviceID = deviceID
        self.atMilliseconds = atMilliseconds
        self.address = address
    }
}
