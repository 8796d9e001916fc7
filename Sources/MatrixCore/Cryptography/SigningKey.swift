/// A server's signing key with its name, as it stands in the key file: one line `ed25519 <version> <unpadded base64 seed>`.
package struct SigningKey: Sendable, CustomStringConvertible {
    package let id: SigningKeyID
    package let privateKey: Ed25519PrivateKey

    /// `nil` when `version` is no version of a server's key (letters, digits, `_`), or the seed has not 32 bytes.
    package init?(version: String, seed: [UInt8]) {
        guard let id = SigningKeyID("\(SigningKeyID.ed25519):\(version)"), id.isServerKey,
            let privateKey = Ed25519PrivateKey(seed: seed)
        else { return nil }
        self.id = id
        self.privateKey = privateKey
    }

    /// Reads a key file: its first line that is not empty. The format is Synapse's, so that a server can bring its key along.
    package init?(file text: String) {
        guard let line = text.split(whereSeparator: \.isNewline).first(where: { !$0.allSatisfy(\.isWhitespace) }) else {
            return nil
        }
        let words = line.split(whereSeparator: \.isWhitespace)
        guard words.count == 3, words[0] == SigningKeyID.ed25519, let seed = Base64.decode(String(words[2])) else {
            return nil
        }
        self.init(version: String(words[1]), seed: seed)
    }

    /// What to write into a key file. Secret.
    package var fileText: String { "\(id.algorithm) \(id.version) \(Base64.encode(privateKey.seed))\n" }

    package var publicKey: Ed25519PublicKey { privateKey.publicKey }
    package var description: String { "SigningKey(\(id), public: \(publicKey))" }
}
