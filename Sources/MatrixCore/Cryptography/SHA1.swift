import COpenSSL

/// SHA-1, for nothing but the order in which state resolution of room version 1 takes events of the same depth.
///
/// - Spec: https://spec.matrix.org/v1.19/rooms/v1/#state-resolution
enum SHA1 {
    static let byteCount = 20

    /// `nil` when libcrypto has no memory, or is not allowed the algorithm.
    static func hash(_ text: String) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: byteCount)
        var length: UInt32 = 0
        let bytes = Array(text.utf8)
        let done = EVP_Digest(bytes, bytes.count, &output, &length, EVP_sha1(), nil)
        return done == 1 && length == UInt32(byteCount) ? output : nil
    }
}
