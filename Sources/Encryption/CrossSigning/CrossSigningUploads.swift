package import Cluster
package import MatrixCore
package import Storage
package import Telemetry

/// Cross-signing keys as a client sends them, not looked at yet.
package struct UncheckedCrossSigningKeys: Sendable {
    package var masterKey: JSONView?
    package var selfSigningKey: JSONView?
    package var userSigningKey: JSONView?

    package init(masterKey: JSONView? = nil, selfSigningKey: JSONView? = nil, userSigningKey: JSONView? = nil) {
        self.masterKey = masterKey
        self.selfSigningKey = selfSigningKey
        self.userSigningKey = userSigningKey
    }
}

/// Users set their cross-signing keys.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysdevice_signingupload
package struct CrossSigningUploads: Sendable {
    /// Requests of one user that change the master key while another is checked.
    private static let maximumTries = 3

    private let keys: DeviceKeyStore
    private let store: CrossSigningStore
    private let interning: Interning
    private let feed: LogFeed
    private let clock: any Clock

    package init(
        keys: DeviceKeyStore, store: CrossSigningStore, interning: Interning, feed: LogFeed, clock: any Clock
    ) {
        self.keys = keys
        self.store = store
        self.interning = interning
        self.feed = feed
        self.clock = clock
    }

    /// Checks keys, and sets all of them or none.
    ///
    /// - Parameter isAuthorised: the user has proved to be who they are, so keys may be replaced.
    /// - Returns: whether it is done. Otherwise there are other keys, and it takes authentication to replace them.
    /// - Throws: what the checks throw: `M_BAD_JSON`, `M_INVALID_PARAM`, `M_TOO_LARGE`, `M_INVALID_SIGNATURE`;
    ///   `M_MISSING_PARAM` without a master key; `M_FORBIDDEN` when a device is called like a key.
    /// - Cost: two queries.
    package func set(
        _ unchecked: UncheckedCrossSigningKeys, of userNID: UserNID, isAuthorised: Bool
    ) async throws -> Bool {
        let user = try await interning.user(userNID)
        let given = try Self.parse(unchecked, of: user.userID)
        for _ in 0..<Self.maximumTries {
            let known = try await known(of: user)
            let upload = try Self.checked(given, of: user.userID, known)
            let outcome = try await store.set(
                upload, of: user, isAuthorised: isAuthorised, now: clock.nowMilliseconds)
            switch outcome {
            case .done(let position, let isPrivate):
                if let position { announce(position, of: user, isPrivate: isPrivate) }
                return true
            case .needsAuthentication: return false
            case .otherMasterKey: continue
            case .nameIsTaken: throw MatrixError.forbidden("One of your devices has this key's name")
            }
        }
        throw MatrixError.invalidParam("The master key changed meanwhile")
    }

    private func announce(_ position: LogPosition, of user: UserRecord, isPrivate: Bool) {
        let row = LogRow(
            shard: position.shard, position: position.position, kind: .deviceLists, userNID: user.nid,
            memberNIDs: isPrivate ? [user.nid] : [])
        feed.announce(row, previous: position.previous)
    }

    // MARK: Checks

    private static func parse(
        _ unchecked: UncheckedCrossSigningKeys, of user: UserID
    ) throws(MatrixError) -> [CrossSigningKey] {
        let views: [(CrossSigningKey.Usage, JSONView?)] = [
            (.master, unchecked.masterKey), (.selfSigning, unchecked.selfSigningKey),
            (.userSigning, unchecked.userSigningKey),
        ]
        var keys: [CrossSigningKey] = []
        for (usage, view) in views {
            if let view { keys.append(try CrossSigningKey(view, of: user, as: usage)) }
        }
        guard !keys.isEmpty else { throw .missingParam("master_key") }
        guard Set(keys.map(\.publicKey)).count == keys.count else {
            throw .invalidParam("Each cross-signing key must be another one")
        }
        return keys
    }

    /// What the keys are checked by.
    private struct Known {
        let masterKey: String?
        let devices: [String: Ed25519PublicKey]
    }

    private func known(of user: UserRecord) async throws -> Known {
        let published = try await keys.published(.own(of: user.nid))
        return Known(
            masterKey: published.crossSigning[user.nid]?[.master]?.name,
            devices: published.signingKeys(ofDevicesOf: user.nid))
    }

    /// - Throws: `M_MISSING_PARAM`, `M_INVALID_SIGNATURE`.
    private static func checked(
        _ keys: [CrossSigningKey], of user: UserID, _ known: Known
    ) throws(MatrixError) -> CrossSigningUpload {
        guard let name = keys.first(where: { $0.usage == .master })?.publicKey ?? known.masterKey,
            let master = EncryptionKeyText.ed25519Key(name)
        else { throw .missingParam("master_key") }
        let masterKeyID = EncryptionKeyText.signingKeyID(name)
        var upload: [CrossSigningUpload.Key] = []
        for key in keys {
            var signatures: [String: String] = [:]
            if key.usage == .master {
                // What devices that are not known say of it means nothing to anybody.
                for keyID in key.object.signatures(of: user).keys {
                    guard let device = EncryptionKeyText.split(keyID)?.name,
                        let signer = keyID == masterKeyID ? master : known.devices[device]
                    else { continue }
                    signatures[keyID] = key.object.signature(of: user, by: keyID, signer)
                }
            } else {
                signatures[masterKeyID] = try key.signature(of: user, master: masterKeyID, master)
            }
            upload.append(
                CrossSigningUpload.Key(
                    usage: key.usage, publicKey: key.publicKey, body: key.object.body,
                    signatures: SignedKeyObject.json(signatures)))
        }
        return CrossSigningUpload(keys: upload, masterKey: name)
    }
}

extension PublishedKeys {
    /// The keys by which devices sign, by the devices' ids.
    func signingKeys(ofDevicesOf user: UserNID) -> [String: Ed25519PublicKey] {
        var found: [String: Ed25519PublicKey] = [:]
        for device in devices[user] ?? [] {
            guard let document = try? JSONDocument(parsing: device.body),
                let text = document["keys"]?[EncryptionKeyText.signingKeyID(device.name)]?.string
            else { continue }
            found[device.name] = EncryptionKeyText.ed25519Key(text)
        }
        return found
    }
}
