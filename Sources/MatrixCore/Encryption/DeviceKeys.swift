/// The identity keys of a device, as its user publishes them: checked, and signed by the device itself.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#device-keys
package struct DeviceKeys: Sendable {
    /// Of all that a device says of itself. An update for other servers has room for it.
    package static let maximumBytes = 10_240
    private static let maximumAlgorithms = 100
    private static let maximumKeys = 50

    package let object: SignedKeyObject
    package let ed25519: Ed25519PublicKey
    /// What one-time keys hang on: when it changes, they are worth nothing any more.
    package let identity: String
    /// Of the device's own key.
    package let selfSignature: (keyID: String, signature: String)
    /// Of other keys of the user, not checked yet.
    package let otherSignatures: [String: String]

    /// - Throws: `M_BAD_JSON` when members are missing or malformed, or speak of another user or device; `M_TOO_LARGE`;
    ///   `M_INVALID_PARAM` for what is no key; `M_INVALID_SIGNATURE`.
    package init(_ view: JSONView, of user: UserID, deviceID: String) throws(MatrixError) {
        object = try Self.form(view, of: user, deviceID: deviceID)
        guard let keys = view["keys"]?.object else { throw .badJSON("device_keys.keys must be an object") }
        var signing: Ed25519PublicKey?
        var agreement = ""
        for (keyID, value) in keys {
            guard let (algorithm, name) = EncryptionKeyText.split(keyID), name == deviceID else {
                throw .invalidParam("device_keys.keys has a key that is not of this device")
            }
            guard [EncryptionKeyText.ed25519, EncryptionKeyText.curve25519].contains(algorithm) else { continue }
            guard let text = value.string, let bytes = EncryptionKeyText.publicKey(text) else {
                throw .invalidParam("device_keys.keys has an \(algorithm) key that is none")
            }
            if algorithm == EncryptionKeyText.ed25519 {
                signing = Ed25519PublicKey(bytes: bytes)
            } else {
                agreement = text
            }
        }
        guard let signing else { throw .invalidParam("device_keys.keys has no ed25519 key") }
        ed25519 = signing
        identity = "\(signing.base64) \(agreement)"
        let keyID = EncryptionKeyText.signingKeyID(deviceID)
        guard let signature = object.signature(of: user, by: keyID, signing) else {
            throw MatrixError(.invalidSignature, "device_keys is not signed by the device's key")
        }
        selfSignature = (keyID, signature)
        var others = object.signatures(of: user)
        others[keyID] = nil
        otherSignatures = others
    }

    /// The key that signs one-time keys, of an identity.
    package static func ed25519(of identity: String) -> Ed25519PublicKey? {
        identity.split(separator: " ", omittingEmptySubsequences: false).first
            .flatMap { EncryptionKeyText.ed25519Key(String($0)) }
    }

    /// Checks the form alone: what another server tells of its users' devices is for clients to believe or not.
    ///
    /// - Throws: `M_BAD_JSON`, `M_TOO_LARGE`.
    @discardableResult
    package static func form(
        _ view: JSONView, of user: UserID, deviceID: String
    ) throws(MatrixError) -> SignedKeyObject {
        let object = try SignedKeyObject(view, named: "device_keys", maximumBytes: maximumBytes)
        guard let owner = view["user_id"]?.string, let device = view["device_id"]?.string else {
            throw .badJSON("device_keys needs user_id and device_id")
        }
        guard UserID(owner) == user, device == deviceID else {
            throw .badJSON("device_keys is of another user or device")
        }
        guard let algorithms = view["algorithms"]?.array, algorithms.count <= maximumAlgorithms,
            algorithms.allSatisfy(\.isString)
        else { throw .badJSON("device_keys.algorithms must be a list of strings") }
        guard let keys = view["keys"]?.object, keys.count <= maximumKeys, keys.allSatisfy({ $0.value.isString }) else {
            throw .badJSON("device_keys.keys must be an object of strings")
        }
        guard view["signatures"]?.isObject == true else { throw .badJSON("device_keys.signatures must be an object") }
        return object
    }
}
