/// How keys and their names are written.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#key-algorithms
package enum EncryptionKeyText {
    package static let ed25519 = "ed25519"
    package static let curve25519 = "curve25519"
    package static let signedCurve25519 = "signed_curve25519"

    /// Of an algorithm, and of what stands behind it in a key's name.
    private static let maximumNameBytes = 255
    /// A signature of 64 bytes, and a key of 32, without padding.
    private static let signatureLength = 86
    private static let publicKeyLength = 43

    /// The 32 bytes that unpadded base64 stands for, and nothing but that.
    package static func publicKey(_ text: String) -> [UInt8]? {
        guard text.utf8.count == publicKeyLength, isStandardBase64(text) else { return nil }
        return Base64.decode(text)
    }

    package static func ed25519Key(_ text: String) -> Ed25519PublicKey? {
        publicKey(text).flatMap(Ed25519PublicKey.init(bytes:))
    }

    package static func isSignature(_ text: String) -> Bool {
        text.utf8.count == signatureLength && isStandardBase64(text)
    }

    /// The name by which a device's or cross-signing key signs.
    package static func signingKeyID(_ name: String) -> String { "\(ed25519):\(name)" }

    /// Takes `algorithm:name` apart at its first colon; `nil` when it is none.
    package static func split(_ keyID: String) -> (algorithm: String, name: String)? {
        let bytes = keyID.utf8
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let algorithm = String(keyID[..<colon])
        let name = String(keyID[bytes.index(after: colon)...])
        return isName(algorithm) && isName(name) ? (algorithm, name) : nil
    }

    /// Device ids are among the names, so whatever may be one of those is allowed.
    private static func isName(_ text: String) -> Bool {
        !text.utf8.isEmpty && text.utf8.count <= maximumNameBytes
            && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    private static func isStandardBase64(_ text: String) -> Bool {
        text.utf8.allSatisfy {
            IdentifierGrammar.isAlphanumeric($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/")
        }
    }
}
