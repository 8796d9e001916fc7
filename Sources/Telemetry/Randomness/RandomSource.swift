/// Randomness as an argument: identifiers, tokens, nonces and jitter all come from here.
package protocol RandomSource: Sendable {
    /// Fills the whole buffer with random bytes.
    func fill(_ bytes: UnsafeMutableRawBufferPointer)
}

extension RandomSource {
    /// `count` random bytes.
    package func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            fill(UnsafeMutableRawBufferPointer(buffer))
            filled = count
        }
    }

    /// 64 random bits.
    package func next() -> UInt64 {
        var value: UInt64 = 0
        withUnsafeMutableBytes(of: &value) { fill($0) }
        return value
    }

    /// A number in `0 ..< bound`, every one as likely; zero when `bound` is zero.
    package func number(below bound: UInt64) -> UInt64 {
        guard bound > 1 else { return 0 }
        var generator = RandomNumbers(source: self)
        return UInt64.random(in: 0..<bound, using: &generator)
    }

    /// A string of `length` characters of `alphabet`, every one as likely.
    ///
    /// With the default alphabet of 62 letters and digits a character carries 5.95 bits: 43 of them are above 2^256.
    package func token(length: Int, alphabet: TokenAlphabet = .alphanumeric) -> String {
        let symbols = alphabet.symbols
        // Bytes at or above the largest multiple of the alphabet's size would favour its first symbols.
        let limit = 256 - 256 % symbols.count
        var token: [UInt8] = []
        token.reserveCapacity(length)
        while token.count < length {
            for byte in bytes(length - token.count + length / 4 + 1) where Int(byte) < limit && token.count < length {
                token.append(symbols[Int(byte) % symbols.count])
            }
        }
        return String(decoding: token, as: UTF8.self)
    }

    /// `duration` scattered evenly by plus or minus `fraction`, so that retries and caches do not fall due together.
    package func jittered(_ duration: Duration, fraction: Double = 0.2) -> Duration {
        let unit = Double(next() >> 11) / Double(1 << 53)
        return duration * (1 + fraction * (2 * unit - 1))
    }
}

/// The characters that tokens are made of.
package enum TokenAlphabet: Sendable {
    /// Letters and digits: fits in URLs, media ids, device ids and logs.
    case alphanumeric
    /// Upper-case letters: device ids as clients know them.
    case upperCase
    /// Lower-case letters and digits.
    case lowerCase

    fileprivate var symbols: [UInt8] {
        switch self {
        case .alphanumeric: Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        case .upperCase: Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        case .lowerCase: Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        }
    }
}

/// A random source in the shape that the standard library's algorithms take.
package struct RandomNumbers: RandomNumberGenerator {
    private let source: any RandomSource
    package init(source: any RandomSource) { self.source = source }
    package mutating func next() -> UInt64 { source.next() }
}
