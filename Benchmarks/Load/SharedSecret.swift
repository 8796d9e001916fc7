import COpenSSL

/// The proof that registration by shared secret asks for: HMAC-SHA1 in hexadecimal digits.
func registrationMAC(secret: String, nonce: String, user: String, password: String) -> String {
    let key = Array(secret.utf8)
    let message = Array([nonce, user, password, "notadmin"].joined(separator: "\0").utf8)
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var length: UInt32 = 0
    _ = HMAC(EVP_sha1(), key, Int32(key.count), message, message.count, &digest, &length)
    return digest[..<Int(length)].map { byte in
        let text = String(byte, radix: 16)
        return text.count == 1 ? "0" + text : text
    }.joined()
}
