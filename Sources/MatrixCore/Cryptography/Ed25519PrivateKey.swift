import CSodium

/// An Ed25519 key that signs. It does not show its secret when it is printed or looked into.
package struct Ed25519PrivateKey: Sendable, CustomStringConvertible, CustomReflectable {
    package static let seedByteCount = 32

    package let publicKey: Ed25519PublicKey
    /// Seed and public key together, as libsodium wants them.
    private let secret: [UInt8]

    /// `nil` unless the seed has 32 bytes. The caller brings the randomness.
    package init?(seed: [UInt8]) {
        guard seed.count == Self.seedByteCount else { return nil }
        Sodium.prepare()
        var publicBytes = [UInt8](repeating: 0, count: Ed25519PublicKey.byteCount)
        var secret = [UInt8](repeating: 0, count: Self.seedByteCount + Ed25519PublicKey.byteCount)
        guard crypto_sign_seed_keypair(&publicBytes, &secret, seed) == 0,
            let publicKey = Ed25519PublicKey(bytes: publicBytes)
        else { return nil }
        self.publicKey = publicKey
        self.secret = secret
    }

    /// What the key file holds.
    package var seed: [UInt8] { Array(secret.prefix(Self.seedByteCount)) }

    /// 64 bytes. Cost: about 15 us.
    package func sign(_ message: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: Ed25519PublicKey.signatureByteCount)
        // It has no way to fail: the key's length was checked when it was made.
        crypto_sign_detached(&signature, nil, message, UInt64(message.count), secret)
        return signature
    }

    package var description: String { "Ed25519PrivateKey(public: \(publicKey))" }
    package var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }
}
