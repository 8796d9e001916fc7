/// Reads the text of a string that the parser has checked, one byte of UTF-8 at a time, with escapes resolved.
struct JSONTextReader {
    private let bytes: [UInt8]
    private let end: Int
    private var position: Int
    /// UTF-8 of an escaped scalar that is still to be handed out, lowest byte first.
    private var pending: UInt32 = 0

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    mutating func next() -> UInt8? {
        if pending != 0 {
            let byte = UInt8(truncatingIfNeeded: pending)
            pending >>= 8
            return byte
        }
        guard position < end else { return nil }
        let byte = bytes[position]
        position += 1
        return byte == UInt8(ascii: "\\") ? escape() : byte
    }

    private mutating func escape() -> UInt8 {
        let letter = bytes[position]
        position += 1
        switch letter {
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"): return scalar()
        default: return letter
        }
    }

    /// The first byte of a `\u` escape; the others become pending.
    private mutating func scalar() -> UInt8 {
        var value = unit()
        if value >= 0xD800, value < 0xDC00 {
            position += 2
            value = 0x10000 + ((value - 0xD800) << 10) + (unit() - 0xDC00)
        }
        guard value >= 0x80, let scalar = Unicode.Scalar(value) else { return UInt8(truncatingIfNeeded: value) }
        var shift: UInt32 = 0
        var first: UInt8 = 0
        for (index, byte) in String(scalar).utf8.enumerated() {
            if index == 0 {
                first = byte
            } else {
                pending |= UInt32(byte) << shift
                shift += 8
            }
        }
        return first
    }

    private mutating func unit() -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            value = value << 4 | UInt32(JSONText.hexDigit(bytes[position]) ?? 0)
            position += 1
        }
        return value
    }
}

/// Operations on the text of strings that the parser has checked.
enum JSONText {
    static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    static func decodedBytes(_ bytes: [UInt8], _ range: Range<Int>) -> [UInt8] {
        var reader = JSONTextReader(bytes, range)
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        while let byte = reader.next() { result.append(byte) }
        return result
    }

    static func decode(_ bytes: [UInt8], _ range: Range<Int>) -> String {
        String(decoding: decodedBytes(bytes, range), as: UTF8.self)
    }

    /// Whether the text of the string or key is `other`.
    @inline(__always)
    static func equals(_ bytes: [UInt8], _ word: TapeWord, _ other: Span<UInt8>) -> Bool {
        if word.isEscaped { return decodedEquals(bytes, word.text, other) }
        guard word.second == other.count else { return false }
        let span = bytes.span
        var offset = 0
        while offset < other.count {
            if span[word.first + offset] != other[offset] { return false }
            offset += 1
        }
        return true
    }

    private static func decodedEquals(_ bytes: [UInt8], _ range: Range<Int>, _ other: Span<UInt8>) -> Bool {
        var reader = JSONTextReader(bytes, range)
        for index in other.indices where reader.next() != other[index] { return false }
        return reader.next() == nil
    }

    /// The order of two keys by Unicode code point, which is the order of their UTF-8 bytes.
    static func order(_ bytes: [UInt8], _ left: TapeWord, _ right: TapeWord) -> Int {
        if left.isEscaped || right.isEscaped { return decodedOrder(bytes, left, right) }
        let span = bytes.span
        let shorter = min(left.second, right.second)
        var offset = 0
        while offset < shorter {
            let a = span[left.first + offset]
            let b = span[right.first + offset]
            if a != b { return a < b ? -1 : 1 }
            offset += 1
        }
        return left.second - right.second
    }

    private static func decodedOrder(_ bytes: [UInt8], _ left: TapeWord, _ right: TapeWord) -> Int {
        var left = JSONTextReader(bytes, left.text)
        var right = JSONTextReader(bytes, right.text)
        while true {
            switch (left.next(), right.next()) {
            case (nil, nil): return 0
            case (nil, _): return -1
            case (_, nil): return 1
            case (let a?, let b?): if a != b { return a < b ? -1 : 1 }
            }
        }
    }

    /// Appends `text` as a JSON string in the form that canonical JSON gives it (which is valid JSON anywhere).
    ///
    /// - Spec: https://spec.matrix.org/v1.19/appendices/#grammar
    static func appendQuoted(_ text: String, to output: inout [UInt8]) {
        appendQuoted(text.utf8Span.span, to: &output)
    }

    static func appendQuoted(_ text: Span<UInt8>, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        var start = 0
        while start < text.count {
            let end = plainEnd(text, from: start)
            text.extracting(start..<end).withUnsafeBufferPointer { output.append(contentsOf: $0) }
            if end < text.count { appendEscaped(text[end], to: &output) }
            start = end + 1
        }
        output.append(UInt8(ascii: "\""))
    }

    /// Where the next quote, backslash or control character is, or the end. Looks at eight bytes at a time.
    @inline(__always)
    static func plainEnd(_ text: Span<UInt8>, from start: Int) -> Int {
        let raw = text.bytes
        var position = start
        while position + 8 <= text.count {
            let word = UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
            let special = specialBytes(word)
            if special != 0 { return position + special.trailingZeroBitCount / 8 }
            position += 8
        }
        while position < text.count {
            let byte = text[position]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            position += 1
        }
        return position
    }

    /// A word whose lowest set bit is in the first byte of `word` that is a quote, a backslash or a control character.
    @inline(__always)
    private static func specialBytes(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let control = (word &- ones &* 0x20) & ~word
        return (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | control) & (ones &* 0x80)
    }

    private static func appendEscaped(_ byte: UInt8, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: output.append(UInt8(ascii: "b"))
        case 0x09: output.append(UInt8(ascii: "t"))
        case 0x0A: output.append(UInt8(ascii: "n"))
        case 0x0C: output.append(UInt8(ascii: "f"))
        case 0x0D: output.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(byte)
        default:
            let low = byte & 0x0F
            output.append(contentsOf: [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0"), 0x30 + (byte >> 4)])
            output.append(low < 10 ? 0x30 + low : UInt8(ascii: "a") + low - 10)
        }
    }
}
