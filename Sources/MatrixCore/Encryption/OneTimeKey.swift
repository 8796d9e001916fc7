/// A one-time or fallback key that a device publishes, checked.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#one-time-and-fallback-keys
package struct OneTimeKey: Sendable, Hashable {
    /// Of a key's object.
    package static let maximumBytes = 2048
    /// Others would be kept and handed out unseen.
    private static let plainAlgorithms: Set<String> = [EncryptionKeyText.curve25519, EncryptionKeyText.ed25519]

    package let algorithm: String
    package let keyID: String
    /// A string, or an object with the device's signature, as JSON.
    package let body: [UInt8]

    /// A device, by whose key one-time keys are checked.
    package struct Owner: Sendable {
        package let userID: UserID
        package let deviceID: String
        package let ed25519: Ed25519PublicKey

        package init(userID: UserID, deviceID: String, ed25519: Ed25519PublicKey) {
            self.userID = userID
            self.deviceID = deviceID
            self.ed25519 = ed25519
        }
    }

    /// - Parameter name: `algorithm:id`.
    /// - Throws: `M_BAD_JSON` for what has not the form of a key; `M_INVALID_PARAM` for an algorithm that is not known and for
    ///   what is no key; `M_TOO_LARGE`; `M_INVALID_SIGNATURE`.
    package init(named name: String, _ view: JSONView, of owner: Owner) throws(MatrixError) {
        guard let parts = EncryptionKeyText.split(name), !parts.name.utf8.contains(UInt8(ascii: ":")) else {
            throw .badJSON("A key's name must be algorithm:id")
        }
        algorithm = parts.algorithm
        keyID = parts.name
        if Self.plainAlgorithms.contains(parts.algorithm) {
            guard let text = view.string else { throw .badJSON("\(parts.algorithm) keys must be strings") }
            guard EncryptionKeyText.publicKey(text) != nil else { throw Self.noKey }
            body = JSONValue.string(text).canonicalBytes
        } else if parts.algorithm == EncryptionKeyText.signedCurve25519 {
            body = try Self.signed(view, of: owner)
        } else {
            throw .invalidParam("Keys of this algorithm are not known")
        }
    }

    private static var noKey: MatrixError { .invalidParam("A key is not 32 bytes of unpadded base64") }

    private static func signed(_ view: JSONView, of owner: Owner) throws(MatrixError) -> [UInt8] {
        let object = try SignedKeyObject(view, named: "A signed key", maximumBytes: maximumBytes)
        guard let text = view["key"]?.string else { throw .badJSON("A signed key needs a key") }
        guard EncryptionKeyText.publicKey(text) != nil else { throw noKey }
        if let fallback = view["fallback"], !fallback.isBool { throw .badJSON("fallback must be true or false") }
        let keyID = EncryptionKeyText.signingKeyID(owner.deviceID)
        guard let signature = object.signature(of: owner.userID, by: keyID, owner.ed25519) else {
            throw MatrixError(.invalidSignature, "A key is not signed by the device's key")
        }
        let signatures = JSONValue.object([owner.userID.description: .object([keyID: .string(signature)])])
        return SignedKeyObject.assemble(body: object.body, signatures: signatures.canonicalBytes)
    }
}
