import COpenSSL

/// Keyed hashes.
package enum HMAC {
    /// For the shared-secret registration and TURN credentials, whose formats name it. 20 bytes.
    package static func sha1(_ message: [UInt8], key: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try compute(EVP_sha1(), message, key, byteCount: 20)
    }

    /// 32 bytes.
    package static func sha256(_ message: [UInt8], key: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try compute(EVP_sha256(), message, key, byteCount: 32)
    }

    private static func compute(
        _ algorithm: OpaquePointer?, _ message: [UInt8], _ key: [UInt8], byteCount: Int
    ) throws(CryptographyError) -> [UInt8] {
        guard let keyLength = Int32(exactly: key.count) else { throw .outOfResources }
        var output = [UInt8](repeating: 0, count: byteCount)
        var length = UInt32(byteCount)
        guard COpenSSL.HMAC(algorithm, key, keyLength, message, message.count, &output, &length) != nil,
            length == UInt32(byteCount)
        else { throw .outOfResources }
        return output
    }
}
