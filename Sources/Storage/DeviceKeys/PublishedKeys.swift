package import MatrixCore

/// What users published of their keys, as one of them may see it.
package struct PublishedKeys: Sendable {
    /// A key with the signatures of its user over it.
    package struct Key: Sendable, Hashable {
        /// A device's id, or the public key.
        package let name: String
        /// Canonical JSON, without signatures.
        package let body: [UInt8]
        /// By the key's id, as JSON.
        package let signatures: [UInt8]
        /// Of a device.
        package let displayName: String?

        package init(name: String, body: [UInt8], signatures: [UInt8], displayName: String? = nil) {
            self.name = name
            self.body = body
            self.signatures = signatures
            self.displayName = displayName
        }
    }

    /// What the viewer's user-signing key said of somebody's master key.
    package struct ViewerSignature: Sendable, Hashable {
        /// The master key that it was said of: there may be another one by now.
        package let masterKey: String
        package let keyID: String
        package let signature: String
    }

    package internal(set) var devices: [UserNID: [Key]] = [:]
    package internal(set) var crossSigning: [UserNID: [CrossSigningKey.Usage: Key]] = [:]
    package internal(set) var viewerSignatures: [UserNID: ViewerSignature] = [:]

    package init() {}
}

/// Whose keys are asked for.
package struct PublishedKeysQuestion: Sendable {
    /// Who asks: shown what their own user-signing key said, and that key.
    package var viewer: UserNID?
    package private(set) var users: [Int64] = []
    package private(set) var deviceIDs: [String?] = []
    package var crossSigning: [UserNID] = []
    package var signatures: [UserNID] = []

    package init(viewer: UserNID?) { self.viewer = viewer }

    /// All keys of a user, as the user sees them.
    package static func own(of user: UserNID) -> PublishedKeysQuestion {
        var question = PublishedKeysQuestion(viewer: user)
        question.ask(for: nil, of: user)
        question.crossSigning = [user]
        return question
    }

    /// - Parameter devices: `nil` for all. None must come twice.
    package mutating func ask(for devices: Set<String>?, of user: UserNID) {
        if let devices {
            users += Array(repeating: user.rawValue, count: devices.count)
            deviceIDs += Array(devices)
        } else {
            users.append(user.rawValue)
            deviceIDs.append(nil)
        }
    }
}

/// Keys that a device publishes.
package struct DeviceKeyUpload: Sendable {
    package let deviceID: String
    /// By which the one-time keys were checked; the new one when there are device keys.
    package let identity: String?
    /// What the device says of itself, and signatures over it.
    package let deviceKeys: (body: [UInt8], signatures: [UInt8])?
    package let oneTimeKeys: [OneTimeKey]
    package let fallbackKeys: [OneTimeKey]

    package init(
        deviceID: String, identity: String?, deviceKeys: (body: [UInt8], signatures: [UInt8])?,
        oneTimeKeys: [OneTimeKey], fallbackKeys: [OneTimeKey]
    ) {
        self.deviceID = deviceID
        self.identity = identity
        self.deviceKeys = deviceKeys
        self.oneTimeKeys = oneTimeKeys
        self.fallbackKeys = fallbackKeys
    }
}

/// What became of an upload.
package enum DeviceKeyUploadOutcome: Sendable {
    /// With the one-time keys that are left of each algorithm.
    case done(counts: [String: Int], change: (kind: LogKind, position: LogPosition)?)
    case noSuchDevice
    /// The device's identity is another one than that by which keys were checked.
    case otherIdentity(String?)
    /// There is another key of this name.
    case nameIsTaken(String)
    /// There would be too many keys of this algorithm.
    case tooMany(String)
}

/// A key that somebody wants of a device. Wishes that are claimed together are distinct.
package struct KeyWish: Sendable, Hashable {
    package let user: UserRecord
    package let deviceID: String
    package let algorithm: String

    package init(user: UserRecord, deviceID: String, algorithm: String) {
        self.user = user
        self.deviceID = deviceID
        self.algorithm = algorithm
    }
}

/// A key that was given out.
package struct ClaimedKey: Sendable, Hashable {
    package let keyID: String
    /// As JSON.
    package let body: [UInt8]
}

/// What is left of a device's one-time and fallback keys.
package struct KeyCountRecord: Sendable, Hashable {
    package internal(set) var oneTimeKeys: [String: Int] = [:]
    package internal(set) var unusedFallbackTypes: [String] = []

    package init() {}
}
