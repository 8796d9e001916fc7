/// Percent-decoding of paths and queries.
package enum PercentDecoding {
    /// Decodes one path segment.
    ///
    /// - Returns: nil when an escape is broken, or the result is not UTF-8 or holds a NUL, which nothing may contain.
    package static func decode(segment: Substring) -> String? { decode(segment.utf8, plusIsSpace: false) }

    /// Decodes a name or value of a query, where browsers write a space as `+`.
    package static func decode(queryPart: Substring) -> String? { decode(queryPart.utf8, plusIsSpace: true) }

    private static func decode(_ input: Substring.UTF8View, plusIsSpace: Bool) -> String? {
        guard input.contains(where: { $0 == UInt8(ascii: "%") || $0 == 0 || (plusIsSpace && $0 == UInt8(ascii: "+")) })
        else { return String(Substring(input)) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(input.count)
        var iterator = input.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(hexDigit), let low = iterator.next().flatMap(hexDigit),
                    high != 0 || low != 0
                else { return nil }
                bytes.append(high << 4 | low)
            case 0: return nil
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
