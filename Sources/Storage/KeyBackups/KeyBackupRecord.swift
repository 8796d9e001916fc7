/// A backup of a user's room keys, as the database has it.
package struct KeyBackupRecord: Sendable, Hashable {
    package let version: Int64
    package let algorithm: String
    /// JSON; what it says depends on the algorithm.
    package let authData: [UInt8]
    /// Which keys are in it; changes when all of them are deleted.
    package let generation: Int64
    package let contents: KeyBackupContents
}

/// How much is in a backup.
package struct KeyBackupContents: Sendable, Hashable {
    package let keyCount: Int64
    /// Grows with every change of the keys.
    package let revision: Int64

    package init(keyCount: Int64, revision: Int64) {
        self.keyCount = keyCount
        self.revision = revision
    }
}

/// A key in a backup.
package struct BackedUpKey: Sendable, Hashable {
    package let roomID: String
    package let sessionID: String
    package let isVerified: Bool
    package let firstMessageIndex: Int64
    package let forwardedCount: Int64
    /// JSON, of which only the user's clients know what it says.
    package let sessionData: [UInt8]

    package init(
        roomID: String, sessionID: String, isVerified: Bool, firstMessageIndex: Int64, forwardedCount: Int64,
        sessionData: [UInt8]
    ) {
        self.roomID = roomID
        self.sessionID = sessionID
        self.isVerified = isVerified
        self.firstMessageIndex = firstMessageIndex
        self.forwardedCount = forwardedCount
        self.sessionData = sessionData
    }
}

/// What became of a backup that was to be made.
package enum KeyBackupCreation: Sendable, Hashable {
    case made(version: Int64)
    case tooMany
    case noAccount
}

/// What became of keys that were to be backed up.
package enum BackingUpOutcome: Sendable, Hashable {
    case done(KeyBackupContents)
    case noBackup
    case notTheNewest(version: Int64)
    case tooManyKeys
}
