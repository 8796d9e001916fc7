/// One of a user's three cross-signing keys, checked.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#cross-signing
package struct CrossSigningKey: Sendable {
    package static let maximumBytes = 4096

    package enum Usage: Int16, Sendable, CaseIterable {
        case master = 0
        case selfSigning = 1
        case userSigning = 2

        package var name: String {
            switch self {
            case .master: "master"
            case .selfSigning: "self_signing"
            case .userSigning: "user_signing"
            }
        }
    }

    package let usage: Usage
    package let object: SignedKeyObject
    package let key: Ed25519PublicKey

    /// As it stands in the key's name.
    package var publicKey: String { key.base64 }
    /// The name by which it signs.
    package var keyID: String { EncryptionKeyText.signingKeyID(publicKey) }

    /// - Throws: `M_BAD_JSON` when members are malformed; `M_INVALID_PARAM` for the key of another user, for another use, or
    ///   for what is no key; `M_TOO_LARGE`.
    package init(_ view: JSONView, of user: UserID, as usage: Usage) throws(MatrixError) {
        let name = "\(usage.name)_key"
        object = try SignedKeyObject(view, named: name, maximumBytes: Self.maximumBytes)
        self.usage = usage
        guard let owner = view["user_id"]?.string else { throw .badJSON("\(name) needs a user_id") }
        guard UserID(owner) == user else { throw .invalidParam("\(name) is of another user") }
        guard let usages = view["usage"]?.array else { throw .badJSON("\(name) needs a usage") }
        guard usages.contains(where: { $0.stringEquals(usage.name) }) else {
            throw .invalidParam("\(name) is not for this use")
        }
        guard let keys = view["keys"]?.object else { throw .badJSON("\(name) needs keys") }
        guard keys.count == 1, let (keyID, value) = Array(keys).first, let text = value.string,
            keyID == EncryptionKeyText.signingKeyID(text), let key = EncryptionKeyText.ed25519Key(text),
            // The last letter of base64 has bits that mean nothing: one key must not go by several names.
            key.base64 == text
        else { throw .invalidParam("\(name) must have one ed25519 key") }
        self.key = key
    }

    /// The signature of the user's master key over this one.
    ///
    /// - Throws: `M_INVALID_SIGNATURE`.
    package func signature(
        of user: UserID, master keyID: String, _ key: Ed25519PublicKey
    ) throws(MatrixError) -> String {
        guard let signature = object.signature(of: user, by: keyID, key) else {
            throw MatrixError(.invalidSignature, "The \(usage.name) key is not signed by the master key")
        }
        return signature
    }
}
