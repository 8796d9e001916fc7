package import Cluster
package import MatrixCore
package import Storage
package import Telemetry

/// Keys as a device sends them, not looked at yet.
package struct UncheckedKeys: Sendable {
    package var deviceKeys: JSONView?
    package var oneTimeKeys: JSONObjectView?
    package var fallbackKeys: JSONObjectView?

    package init(
        deviceKeys: JSONView? = nil, oneTimeKeys: JSONObjectView? = nil, fallbackKeys: JSONObjectView? = nil
    ) {
        self.deviceKeys = deviceKeys
        self.oneTimeKeys = oneTimeKeys
        self.fallbackKeys = fallbackKeys
    }
}

/// Devices publish their keys. What is stored was checked, so that nobody else has to do with one user's bad keys.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#uploading-keys
package struct KeyUploads: Sendable {
    /// One-time keys in one request: more than a device may have are not even checked.
    private static let maximumKeys = Int(DeviceKeyStore.maxOneTimeKeys) * 2
    private static let maximumFallbackKeys = 10
    /// Devices whose identity is remembered; each takes some 200 bytes.
    private static let maximumIdentities = 50_000
    /// An identity that changes again and again while one request is checked is somebody's game.
    private static let maximumTries = 3
    /// Named in each answer: some clients take a missing count for unknown.
    package static let usualAlgorithm = EncryptionKeyText.signedCurve25519

    private struct Device: Hashable {
        let user: UserNID
        let deviceID: String
    }

    private let store: DeviceKeyStore
    private let interning: Interning
    private let feed: LogFeed
    private let clock: any Clock
    /// By which one-time keys are checked. An old one does no harm: the statement that stores keys compares it.
    private let identities: GenerationalCache<Device, String>

    package init(store: DeviceKeyStore, interning: Interning, feed: LogFeed, clock: any Clock) {
        self.store = store
        self.interning = interning
        self.feed = feed
        self.clock = clock
        identities = GenerationalCache(maxWeight: Self.maximumIdentities)
    }

    /// Checks all keys, and publishes them together or not at all. Keys that were published before are fine.
    ///
    /// - Returns: how many one-time keys are left, by algorithm.
    /// - Throws: what the checks of the keys throw; `M_INVALID_PARAM` for too many keys, or for one-time keys of a device
    ///   without identity; `M_UNKNOWN` (400) for another key under a known name.
    /// - Cost: one query; one more for a device that this worker does not know. A signature takes about 40 us.
    package func upload(
        _ unchecked: UncheckedKeys, of userNID: UserNID, deviceID: String
    ) async throws -> [String: Int] {
        let user = try await interning.user(userNID)
        let known = Device(user: user.nid, deviceID: deviceID)
        let deviceKeys = try unchecked.deviceKeys.map { (view) throws(MatrixError) in
            try DeviceKeys(view, of: user.userID, deviceID: deviceID)
        }
        let signatures = try await signatures(over: deviceKeys, of: user)
        try Self.checkNumbers(unchecked)
        var identity = deviceKeys?.identity ?? identities[known]
        var isRemembered = deviceKeys == nil && identity != nil
        let hasKeys = !(unchecked.oneTimeKeys?.isEmpty ?? true) || !(unchecked.fallbackKeys?.isEmpty ?? true)
        if identity == nil, hasKeys { identity = try await store.identity(of: deviceID, user.nid) }
        for _ in 0..<Self.maximumTries {
            let oneTime: [OneTimeKey]
            let fallback: [OneTimeKey]
            do {
                (oneTime, fallback) = try await check(unchecked, of: user.userID, deviceID, identity)
            } catch let error as MatrixError where error.errcode == .invalidSignature && isRemembered {
                // The device may have another identity by now.
                isRemembered = false
                identities.remove(known)
                identity = try await store.identity(of: deviceID, user.nid)
                continue
            }
            let outcome = try await store.upload(
                DeviceKeyUpload(
                    deviceID: deviceID, identity: identity,
                    deviceKeys: deviceKeys.map { (body: $0.object.body, signatures: signatures) },
                    oneTimeKeys: oneTime, fallbackKeys: fallback), of: user, now: clock.nowMilliseconds)
            switch outcome {
            case .done(let counts, let change):
                if let identity { identities.keep(identity, for: known) }
                if let change { feed.announce(change.kind, at: change.position, user: user.nid) }
                return counts
            case .otherIdentity(let current): identity = current
            case .noSuchDevice: throw MatrixError.unknownToken()
            case .nameIsTaken(let name): throw Self.nameIsTaken(name)
            case .tooMany(let algorithm): throw Self.tooMany(of: algorithm)
            }
        }
        throw MatrixError.invalidParam("The device's identity keys changed meanwhile")
    }

    static func nameIsTaken(_ name: String) -> MatrixError {
        MatrixError(.unknown, "One time key \(name) already exists with another value", status: 400)
    }

    static func tooMany(of algorithm: String) -> MatrixError {
        .invalidParam("A device may have \(DeviceKeyStore.maxOneTimeKeys) one-time keys of \(algorithm)")
    }

    static func checkNumbers(_ keys: UncheckedKeys) throws(MatrixError) {
        guard (keys.oneTimeKeys?.count ?? 0) <= maximumKeys,
            (keys.fallbackKeys?.count ?? 0) <= maximumFallbackKeys
        else { throw .invalidParam("Too many keys") }
    }

    /// The device's own signature, and that of the user's self-signing key if there is one; others mean nothing to anybody.
    func signatures(over keys: DeviceKeys?, of user: UserRecord) async throws -> [UInt8] {
        guard let keys else { return [] }
        var signatures = [keys.selfSignature.keyID: keys.selfSignature.signature]
        if !keys.otherSignatures.isEmpty {
            var question = PublishedKeysQuestion(viewer: user.nid)
            question.crossSigning = [user.nid]
            let published = try await store.published(question)
            if let name = published.crossSigning[user.nid]?[.selfSigning]?.name,
                let key = EncryptionKeyText.ed25519Key(name)
            {
                let keyID = EncryptionKeyText.signingKeyID(name)
                signatures[keyID] = keys.object.signature(of: user.userID, by: keyID, key)
            }
        }
        return SignedKeyObject.json(signatures)
    }

    // MARK: One-time keys

    func check(
        _ keys: UncheckedKeys, of user: UserID, _ deviceID: String, _ identity: String?
    ) async throws -> (oneTime: [OneTimeKey], fallback: [OneTimeKey]) {
        let oneTime = keys.oneTimeKeys.map { Array($0) } ?? []
        let fallback = keys.fallbackKeys.map { Array($0) } ?? []
        guard !oneTime.isEmpty || !fallback.isEmpty else { return ([], []) }
        guard let ed25519 = identity.flatMap(DeviceKeys.ed25519(of:)) else {
            throw MatrixError.invalidParam("The device has no identity keys that its one-time keys could be checked by")
        }
        let owner = OneTimeKey.Owner(userID: user, deviceID: deviceID, ed25519: ed25519)
        let checked = await SharedWork.map(oneTime + fallback) { name, view in
            Result { () throws(MatrixError) in try OneTimeKey(named: name, view, of: owner) }
        }
        let good = try checked.map { (key) throws(MatrixError) in try key.get() }
        let fallbackKeys = Array(good[oneTime.count...])
        guard Set(fallbackKeys.map(\.algorithm)).count == fallbackKeys.count else {
            throw MatrixError.invalidParam("There may be one fallback key of each algorithm")
        }
        return (Array(good[..<oneTime.count]), fallbackKeys)
    }
}
