import CSodium

/// BLAKE2b, for names of our own that nobody else has to compute: state nodes, tokens as stored.
package enum BLAKE2b {
    /// 16 bytes.
    package static func hash128(_ bytes: [UInt8]) -> [UInt8] { hash(bytes, byteCount: 16) }
    /// 32 bytes.
    package static func hash256(_ bytes: [UInt8]) -> [UInt8] { hash(bytes, byteCount: 32) }

    private static func hash(_ bytes: [UInt8], byteCount: Int) -> [UInt8] {
        Sodium.prepare()
        var output = [UInt8](repeating: 0, count: byteCount)
        // Fails only for a length of output out of range.
        crypto_generichash(&output, byteCount, bytes, UInt64(bytes.count), nil, 0)
        return output
    }
}
