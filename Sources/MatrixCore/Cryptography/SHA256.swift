import COpenSSL
import CSodium

/// SHA-256, for content and reference hashes.
package enum SHA256 {
    package static let byteCount = 32

    /// An algorithm object of libcrypto: immutable, counted atomically, made to be shared between threads.
    struct Algorithm: @unchecked Sendable {
        let pointer: OpaquePointer?
    }

    /// Fetched once, because looking an algorithm up costs more than hashing an event.
    static let algorithm = Algorithm(pointer: EVP_MD_fetch(nil, "SHA256", nil))

    /// Cost: about 0.5 us for an event.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: byteCount)
        var length: UInt32 = 0
        let done = EVP_Digest(bytes, bytes.count, &output, &length, algorithm.pointer, nil)
        if done != 1 || length != UInt32(byteCount) {
            // Only when libcrypto has no memory or no such algorithm. libsodium's is slower but cannot fail.
            crypto_hash_sha256(&output, bytes, UInt64(bytes.count))
        }
        return output
    }

    package static func hash(_ bytes: ArraySlice<UInt8>) -> [UInt8] { hash(Array(bytes)) }
    package static func hash(_ text: String) -> [UInt8] { hash(Array(text.utf8)) }
}
