import MatrixCore

/// The SHA-256 of a file's bytes, which is its name on disk and its entity tag.
package struct ContentDigest: Hashable, Sendable {
    package let bytes: [UInt8]

    /// Nil when it is not 32 bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == SHA256.byteCount else { return nil }
        self.bytes = bytes
    }

    package var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Two levels of 256 directories: a million files are some 16 in each.
    var path: String {
        let hex = hex
        let second = hex.index(hex.startIndex, offsetBy: 2)
        let third = hex.index(second, offsetBy: 2)
        return "\(hex[..<second])/\(hex[second..<third])/\(hex)"
    }
}
