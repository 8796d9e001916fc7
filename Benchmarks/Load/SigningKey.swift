import COpenSSL

/// The Ed25519 key of a device. What is uploaded has to be signed, or a server would not take it.
struct SigningKey: Sendable {
    let publicKey: String
    private let seed: [UInt8]

    private static let seedBytes = 32
    private static let publicKeyBytes = 32
    private static let signatureBytes = 64

    init() throws {
        seed = (0..<Self.seedBytes).map { _ in .random(in: .min ... .max) }
        var text = [UInt8](repeating: 0, count: Self.publicKeyBytes)
        try Self.withKey(seed) { key in
            var length = text.count
            guard EVP_PKEY_get_raw_public_key(key, &text, &length) == 1 else { throw Failure("no public key") }
        }
        publicKey = base64(text)
    }

    /// The signature of a text, which has to be in canonical form.
    func sign(_ text: String) throws -> String {
        var signature = [UInt8](repeating: 0, count: Self.signatureBytes)
        try Self.withKey(seed) { key in
            let context = EVP_MD_CTX_new()
            defer { EVP_MD_CTX_free(context) }
            let message = Array(text.utf8)
            var length = signature.count
            guard EVP_DigestSignInit(context, nil, nil, nil, key) == 1,
                EVP_DigestSign(context, &signature, &length, message, message.count) == 1
            else { throw Failure("a text could not be signed") }
        }
        return base64(signature)
    }

    private static func withKey(_ seed: [UInt8], _ use: (OpaquePointer) throws -> Void) throws {
        guard let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count) else {
            throw Failure("no private key")
        }
        defer { EVP_PKEY_free(key) }
        try use(key)
    }
}

/// Base64 without padding, as Matrix writes keys.
func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var result: [UInt8] = []
    var held = 0
    var bits = 0
    for byte in bytes {
        held = held << 8 | Int(byte)
        bits += 8
        while bits >= 6 {
            bits -= 6
            result.append(digits[held >> bits & 63])
        }
    }
    if bits > 0 { result.append(digits[held << (6 - bits) & 63]) }
    return String(decoding: result, as: UTF8.self)
}
