import MatrixCore
import Storage

/// Holds signatures against the keys that are known, and gathers those that are good.
struct SignatureCheck {
    static let noKey = MatrixError(.notFound, "You have no key that could have signed this")
    static let unknownKey = MatrixError(.notFound, "There is no such key")
    private static let badSignature = MatrixError(.invalidSignature, "Invalid signature")
    private static let otherKey = MatrixError(.invalidSignature, "The key is not the one that is known")

    private let user: UserID
    private let devices: [String: PublishedKeys.Key]
    private let deviceKeys: [String: Ed25519PublicKey]
    private let crossSigning: [CrossSigningKey.Usage: PublishedKeys.Key]
    private(set) var signatures = NewKeySignatures()
    private(set) var failures: SignatureUploads.Failures = [:]

    init(user: UserID, published: PublishedKeys, nid: UserNID) {
        self.user = user
        devices = Dictionary(
            (published.devices[nid] ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        deviceKeys = published.signingKeys(ofDevicesOf: nid)
        crossSigning = published.crossSigning[nid] ?? [:]
    }

    var hasUserSigningKey: Bool { crossSigning[.userSigning] != nil }

    mutating func refuse(_ names: [String], of target: UserID, _ error: MatrixError) {
        for name in names { failures[target, default: [:]][name] = error }
    }

    // MARK: The user's own keys

    /// Devices signed by the self-signing key, and the master key signed by devices.
    mutating func addOwn(_ objects: [String: JSONView]) {
        for (name, view) in objects {
            do { try addOwn(name, view) } catch { refuse([name], of: user, error) }
        }
    }

    private mutating func addOwn(_ name: String, _ view: JSONView) throws(MatrixError) {
        let master = crossSigning[.master]
        let isMaster = master?.name == name
        guard let known = isMaster ? master : devices[name] else { throw Self.unknownKey }
        let object = try Self.object(view, like: known.body)
        var good: [String: String] = [:]
        if isMaster {
            let claimed = object.signatures(of: user)
            for keyID in claimed.keys {
                // What devices have said that are not there any more comes along with the key.
                guard let device = EncryptionKeyText.split(keyID)?.name, let key = deviceKeys[device] else { continue }
                guard let signature = object.signature(of: user, by: keyID, key) else { throw Self.badSignature }
                good[keyID] = signature
            }
        } else {
            guard let (keyID, key) = signer(.selfSigning) else { throw Self.noKey }
            good[keyID] = object.signature(of: user, by: keyID, key)
        }
        guard !good.isEmpty else { throw Self.badSignature }
        signatures.own.append(
            NewKeySignatures.Own(name: name, body: known.body, signatures: SignedKeyObject.json(good)))
    }

    // MARK: Keys of others

    /// Of somebody else only the master key can be signed, by the user-signing key.
    mutating func addOther(
        _ objects: [String: JSONView], of target: UserRecord, _ master: (body: [UInt8], publicKey: String)
    ) {
        for (name, view) in objects {
            do throws(MatrixError) {
                guard name == master.publicKey else { throw Self.unknownKey }
                let object = try Self.object(view, like: master.body)
                guard let (keyID, key) = signer(.userSigning) else { throw Self.noKey }
                guard let signature = object.signature(of: user, by: keyID, key) else { throw Self.badSignature }
                signatures.signerKeyID = keyID
                signatures.others.append(
                    NewKeySignatures.Other(target: target.nid, masterKey: name, signature: signature))
            } catch {
                refuse([name], of: target.userID, error)
            }
        }
    }

    // MARK: Keys

    private func signer(_ usage: CrossSigningKey.Usage) -> (keyID: String, key: Ed25519PublicKey)? {
        guard let name = crossSigning[usage]?.name, let key = EncryptionKeyText.ed25519Key(name) else { return nil }
        return (EncryptionKeyText.signingKeyID(name), key)
    }

    /// Whatever is signed must be what is known, or the signature would stand beside something else.
    private static func object(
        _ view: JSONView, like known: [UInt8]
    ) throws(MatrixError) -> SignedKeyObject {
        let object = try SignedKeyObject(view, named: "A signed key", maximumBytes: DeviceKeys.maximumBytes)
        guard object.body == known else { throw otherKey }
        return object
    }
}
