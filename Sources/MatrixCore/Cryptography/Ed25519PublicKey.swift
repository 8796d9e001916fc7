import CSodium

/// The half of an Ed25519 key that others know.
package struct Ed25519PublicKey: Hashable, Sendable, CustomStringConvertible {
    package static let byteCount = 32
    package static let signatureByteCount = 64

    package let bytes: [UInt8]

    /// `nil` unless there are 32 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    package init?(base64: String) {
        guard let bytes = Base64.decode(base64) else { return nil }
        self.init(bytes: bytes)
    }

    package var base64: String { Base64.encode(bytes) }
    package var description: String { base64 }

    /// Cost: about 40 us.
    package func isValid(signature: [UInt8], for message: [UInt8]) -> Bool {
        Sodium.prepare()
        return signature.count == Self.signatureByteCount
            && crypto_sign_verify_detached(signature, message, UInt64(message.count), bytes) == 0
    }

    package func isValid(base64Signature: String, for message: [UInt8]) -> Bool {
        guard let signature = Base64.decode(base64Signature) else { return false }
        return isValid(signature: signature, for: message)
    }
}
