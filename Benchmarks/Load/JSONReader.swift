/// Reads JSON text from front to back, without building a tree.
///
/// It shares no code with the server on purpose: a load generator that reads with the server's own parser would
/// agree with its mistakes.
struct JSONReader {
    private let bytes: [UInt8]
    private var index = 0

    /// Deeper nesting than any answer of a homeserver has.
    private static let maximumDepth = 128

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Calls `read` for each member of an object. A value that `read` leaves alone is skipped.
    mutating func members(_ read: (_ key: String, _ value: inout JSONReader) throws -> Void) throws {
        try expect(UInt8(ascii: "{"))
        if take(UInt8(ascii: "}")) { return }
        repeat {
            let key = try string()
            try expect(UInt8(ascii: ":"))
            try readOrSkip { try read(key, &$0) }
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
    }

    /// Calls `read` for each element of an array. A value that `read` leaves alone is skipped.
    mutating func elements(_ read: (_ value: inout JSONReader) throws -> Void) throws {
        try expect(UInt8(ascii: "["))
        if take(UInt8(ascii: "]")) { return }
        repeat { try readOrSkip(read) } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
    }

    /// The value as a string, or `nil` after skipping a value of another type.
    mutating func optionalString() throws -> String? {
        skipSpace()
        guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
            try skip()
            return nil
        }
        return try string()
    }

    mutating func string() throws -> String {
        try expect(UInt8(ascii: "\""))
        let start = index
        while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\") { index += 1 }
        guard index < bytes.count else { throw malformed() }
        if bytes[index] == UInt8(ascii: "\"") {
            defer { index += 1 }
            return String(decoding: bytes[start..<index], as: UTF8.self)
        }
        return try unescaped(from: start)
    }

    /// Passes over one value of any type.
    mutating func skip() throws {
        var depth = 0
        repeat {
            skipSpace()
            guard index < bytes.count else { throw malformed() }
            switch bytes[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                index += 1
                guard depth <= Self.maximumDepth else { throw malformed() }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                index += 1
                guard depth >= 0 else { throw malformed() }
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard depth > 0 else { throw malformed() }
                index += 1
            case UInt8(ascii: "\""):
                try skipString()
            default:
                try skipWord()
            }
        } while depth > 0
    }

    private mutating func readOrSkip(_ read: (inout JSONReader) throws -> Void) throws {
        skipSpace()
        let before = index
        try read(&self)
        if index == before { try skip() }
    }

    private mutating func skipString() throws {
        index += 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard index < bytes.count else { throw malformed() }
        index += 1
    }

    /// A number, `true`, `false` or `null`.
    private mutating func skipWord() throws {
        let start = index
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "E"),
                UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                index += 1
            default:
                if index == start { throw malformed() }
                return
            }
        }
    }

    private mutating func unescaped(from start: Int) throws -> String {
        var units: [UInt16] = []
        var text = String(decoding: bytes[start..<index], as: UTF8.self)
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            if bytes[index] == UInt8(ascii: "\\") {
                units.append(try escape())
                continue
            }
            let plain = index
            while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\") {
                index += 1
            }
            text += String(decoding: units, as: UTF16.self) + String(decoding: bytes[plain..<index], as: UTF8.self)
            units.removeAll()
        }
        guard index < bytes.count else { throw malformed() }
        index += 1
        return text + String(decoding: units, as: UTF16.self)
    }

    private mutating func escape() throws -> UInt16 {
        guard index + 1 < bytes.count else { throw malformed() }
        let letter = bytes[index + 1]
        index += 2
        switch letter {
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "b"): return 8
        case UInt8(ascii: "f"): return 12
        case UInt8(ascii: "u"):
            guard index + 4 <= bytes.count,
                let unit = UInt16(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
            else { throw malformed() }
            index += 4
            return unit
        default: return UInt16(letter)
        }
    }

    private mutating func skipSpace() {
        while index < bytes.count, bytes[index] <= 0x20 { index += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws {
        guard take(byte) else { throw malformed() }
    }

    private func malformed() -> Failure {
        Failure("the answer is not the JSON that was expected, at byte \(index) of \(bytes.count)")
    }
}
