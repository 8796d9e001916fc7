/// Base64 as Matrix uses it: written without padding, read with or without.
///
/// - Spec: https://spec.matrix.org/v1.19/appendices/#unpadded-base64
package enum Base64 {
    private static let standardAlphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlSafeAlphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    package static func encode(_ bytes: some Collection<UInt8>) -> String { encode(bytes, standardAlphabet) }

    package static func encodeURLSafe(_ bytes: some Collection<UInt8>) -> String { encode(bytes, urlSafeAlphabet) }

    private static func encode(_ bytes: some Collection<UInt8>, _ alphabet: [UInt8]) -> String {
        let length = (bytes.count * 4 + 2) / 3
        return String(unsafeUninitializedCapacity: length) { output in
            var written = 0
            var buffer: UInt32 = 0
            var bits = 0
            for byte in bytes {
                buffer = buffer << 8 | UInt32(byte)
                bits += 8
                while bits >= 6 {
                    bits -= 6
                    output[written] = alphabet[Int(buffer >> UInt32(bits) & 0x3F)]
                    written += 1
                }
            }
            if bits > 0 {
                output[written] = alphabet[Int(buffer << UInt32(6 - bits) & 0x3F)]
                written += 1
            }
            return written
        }
    }

    /// The bytes that `text` stands for, in either alphabet, with or without padding; `nil` when it is not base64.
    ///
    /// The bits of the last letter that mean nothing are not looked at, and padding may be there in part: implementations
    /// differ in both, and an event that others take for signed must be so here.
    package static func decode(_ text: String) -> [UInt8]? {
        var letters = text.utf8[...]
        while letters.last == UInt8(ascii: "="), text.utf8.count - letters.count < 2 { letters = letters.dropLast() }
        let padding = text.utf8.count - letters.count
        // Four letters stand for three bytes; a last group of two takes two signs of padding, one of three takes one.
        guard letters.count % 4 != 1, padding <= (4 - letters.count % 4) % 4 else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(letters.count * 3 / 4)
        var buffer: UInt32 = 0
        var bits = 0
        for letter in letters {
            guard let value = value(of: letter) else { return nil }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                result.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            }
        }
        return result
    }

    private static func value(of letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): letter - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): letter - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): letter - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
