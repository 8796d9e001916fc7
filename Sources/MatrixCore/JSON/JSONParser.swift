/// Checks bytes against RFC 8259 and writes the tape, without recursion, in one pass after the check for UTF-8.
///
/// It notices on the way whether the bytes already are canonical JSON, which nearly all events from other servers are.
struct JSONParser: ~Escapable {
    /// An array or object that has begun and not yet ended.
    private struct Container {
        var isObject: Bool
        var tapeIndex: Int
        var count = 0
        /// The key before this one, to see whether keys ascend.
        var previousKey: TapeWord?
        var keysAscend = true

        var end: UInt8 { isObject ? UInt8(ascii: "}") : UInt8(ascii: "]") }
    }

    /// Room for the open containers of any usual document.
    private static let usualDepth = 8

    /// What is read, once as a span, which is cheaper to read byte by byte, and once as the array that it is.
    private let bytes: Span<UInt8>
    private let array: [UInt8]
    private let limits: JSONLimits
    private var position = 0
    /// The innermost open container, when `outer` is not empty.
    private var container = Container(isObject: false, tapeIndex: 0)
    /// What `container` was when each open container began: its length is the depth.
    private var outer: [Container] = []
    private var tape: [TapeWord] = []
    private var isCanonical = true
    private var hasDuplicateKeys = false

    @_lifetime(copy span)
    private init(_ array: [UInt8], _ span: Span<UInt8>, _ limits: JSONLimits) {
        self.array = array
        bytes = span
        self.limits = limits
        tape.reserveCapacity(16 + span.count / 16)
        outer.reserveCapacity(Self.usualDepth)
    }

    static func parse(_ bytes: [UInt8], limits: JSONLimits) throws(JSONError) -> JSONStorage {
        guard bytes.count <= limits.maxBytes else { throw .tooLarge(byteCount: bytes.count) }
        let span = bytes.span
        do {
            _ = try UTF8Span(validating: span)
        } catch {
            throw .notUTF8(offset: error.byteOffsets.lowerBound)
        }
        var parser = JSONParser(bytes, span, limits)
        try parser.document()
        return JSONStorage(
            bytes: bytes, tape: parser.tape, isCanonical: parser.isCanonical, hasDuplicateKeys: parser.hasDuplicateKeys)
    }

    private mutating func document() throws(JSONError) {
        while true {
            if try beginValue() { continue }
            if try endValue() { break }
        }
        skipWhitespace()
        guard position == bytes.count else { throw .trailingBytes(offset: position) }
    }

    /// Reads a scalar, an empty container, or the beginning of a container: then a value must follow, and it says `true`.
    private mutating func beginValue() throws(JSONError) -> Bool {
        switch try nextByte() {
        case UInt8(ascii: "\""): tape.append(try string())
        case UInt8(ascii: "{"): return try beginContainer(isObject: true)
        case UInt8(ascii: "["): return try beginContainer(isObject: false)
        case UInt8(ascii: "t"): try literal("true", .true)
        case UInt8(ascii: "f"): try literal("false", .false)
        case UInt8(ascii: "n"): try literal("null", .null)
        default: try number()
        }
        return false
    }

    /// After a value: goes on to the next one of the container, ending all containers that end here.
    /// Says `true` when the outermost value has ended.
    private mutating func endValue() throws(JSONError) -> Bool {
        while !outer.isEmpty {
            container.count += 1
            let byte = try nextByte()
            if byte == UInt8(ascii: ",") {
                position += 1
                if container.isObject { try key() }
                return false
            }
            guard byte == container.end else { throw .unexpectedByte(offset: position) }
            endContainer()
        }
        return true
    }

    private mutating func beginContainer(isObject: Bool) throws(JSONError) -> Bool {
        guard outer.count < limits.maxDepth else { throw .tooDeep(offset: position) }
        outer.append(container)
        container = Container(isObject: isObject, tapeIndex: tape.count)
        tape.append(TapeWord(isObject ? .object : .array, position, 0))
        tape.append(TapeWord(.extent, 0, 0))
        position += 1
        if try nextByte() == container.end {
            endContainer()
            return false
        }
        if isObject { try key() }
        return true
    }

    private mutating func endContainer() {
        position += 1
        if !container.keysAscend {
            isCanonical = false
            container.count -= shadowRepeatedKeys(of: container)
        }
        let word = tape[container.tapeIndex]
        tape[container.tapeIndex] = TapeWord(word.kind, word.first, tape.count)
        tape[container.tapeIndex + 1] = TapeWord(.extent, position, container.count)
        container = outer.popLast() ?? container
    }

    private mutating func key() throws(JSONError) {
        guard try nextByte() == UInt8(ascii: "\"") else { throw .unexpectedByte(offset: position) }
        let key = try string()
        if let previous = container.previousKey, container.keysAscend {
            container.keysAscend = JSONText.order(array, previous, key) < 0
        }
        container.previousKey = key
        tape.append(key)
        guard try nextByte() == UInt8(ascii: ":") else { throw .unexpectedByte(offset: position) }
        position += 1
    }

    /// Marks all but the last of equal keys, and says how many that were.
    ///
    /// Other servers' parsers keep the last one, so signatures and hashes are over that one; a reader that took the first
    /// would see another event than the one that was signed.
    private mutating func shadowRepeatedKeys(of container: Container) -> Int {
        var keys: [Int] = []
        keys.reserveCapacity(container.count)
        var index = container.tapeIndex + 2
        while index < tape.count {
            keys.append(index)
            let value = tape[index + 1]
            index = value.isContainer ? value.second : index + 2
        }
        let (bytes, words) = (array, tape)
        keys.sort { left, right in
            let order = JSONText.order(bytes, words[left], words[right])
            return order == 0 ? left < right : order < 0
        }
        var shadowed = 0
        for (earlier, later) in zip(keys, keys.dropFirst())
        where JSONText.order(bytes, words[earlier], words[later]) == 0 {
            tape[earlier] = TapeWord(.shadowedKey, words[earlier].first, words[earlier].second)
            shadowed += 1
        }
        if shadowed > 0 { hasDuplicateKeys = true }
        return shadowed
    }

    // MARK: Scalars

    private mutating func literal(_ text: StaticString, _ kind: TapeWord.Kind) throws(JSONError) {
        let length = text.utf8CodeUnitCount
        guard bytes.count - position >= length else { throw .unexpectedEnd(offset: bytes.count) }
        let matches = text.withUTF8Buffer { array[position..<(position + length)].elementsEqual($0) }
        guard matches else { throw .unexpectedByte(offset: position) }
        tape.append(TapeWord(kind, position, length))
        position += length
    }

    private mutating func number() throws(JSONError) {
        let start = position
        if byte(at: position) == UInt8(ascii: "-") { position += 1 }
        let firstDigit = position
        guard let first = byte(at: position), isDigit(first) else {
            throw start == position ? .unexpectedByte(offset: start) : .badNumber(offset: start)
        }
        skipDigits()
        if first == UInt8(ascii: "0"), position - firstDigit > 1 { throw .badNumber(offset: start) }
        let isFloat = try fractionAndExponent(from: start)
        let range = start..<position
        let longest = isFloat ? JSONLimits.longestNumberBytes : JSONLimits.longestIntegerBytes
        guard range.count <= longest else { throw .numberOutOfRange(offset: start) }
        if isFloat {
            isCanonical = false
            guard JSONNumber.double(array, range) != nil else { throw .numberOutOfRange(offset: start) }
            tape.append(TapeWord(.float, start, range.count))
        } else if let value = JSONNumber.integer(array, range) {
            if !JSONNumber.isCanonical(value) || (value == 0 && range.count > 1) { isCanonical = false }
            tape.append(TapeWord(.integer, start, range.count))
        } else {
            isCanonical = false
            tape.append(TapeWord(.bigInteger, start, range.count))
        }
    }

    private mutating func fractionAndExponent(from start: Int) throws(JSONError) -> Bool {
        var isFloat = false
        if byte(at: position) == UInt8(ascii: ".") {
            isFloat = true
            position += 1
            guard let digit = byte(at: position), isDigit(digit) else { throw .badNumber(offset: start) }
            skipDigits()
        }
        if let letter = byte(at: position), letter | 0x20 == UInt8(ascii: "e") {
            isFloat = true
            position += 1
            if let sign = byte(at: position), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
            guard let digit = byte(at: position), isDigit(digit) else { throw .badNumber(offset: start) }
            skipDigits()
        }
        return isFloat
    }

    /// Reads a string from its opening quote on.
    private mutating func string() throws(JSONError) -> TapeWord {
        position += 1
        let start = position
        var isEscaped = false
        while true {
            position = JSONText.plainEnd(bytes, from: position)
            guard position < bytes.count else { throw .unexpectedEnd(offset: position) }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                let word = TapeWord(isEscaped ? .escapedString : .string, start, position - start)
                position += 1
                return word
            case UInt8(ascii: "\\"):
                isEscaped = true
                try escape()
            default:
                throw .controlCharacter(offset: position)
            }
        }
    }

    private mutating func escape() throws(JSONError) {
        let start = position
        guard let letter = byte(at: start + 1) else { throw .unexpectedEnd(offset: bytes.count) }
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "/"):
            isCanonical = false
            position += 2
        case UInt8(ascii: "u"):
            let unit = try codeUnit(at: start)
            position += 6
            switch unit {
            case 0xD800...0xDBFF:
                isCanonical = false
                guard byte(at: position) == UInt8(ascii: "\\"), byte(at: position + 1) == UInt8(ascii: "u"),
                    case 0xDC00...0xDFFF = try codeUnit(at: position)
                else { throw .loneSurrogate(offset: start) }
                position += 6
            case 0xDC00...0xDFFF: throw .loneSurrogate(offset: start)
            default: if !isCanonicalEscape(unit, at: start) { isCanonical = false }
            }
        default: throw .badEscape(offset: start)
        }
    }

    /// The number in the escape `\uXXXX` that begins at `start`.
    private func codeUnit(at start: Int) throws(JSONError) -> UInt16 {
        guard start + 6 <= bytes.count else { throw .unexpectedEnd(offset: bytes.count) }
        var unit: UInt16 = 0
        for index in (start + 2)..<(start + 6) {
            guard let digit = JSONText.hexDigit(bytes[index]) else { throw .badEscape(offset: start) }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// Canonical JSON uses `\u` for control characters without a letter of their own, and lower-case digits.
    private func isCanonicalEscape(_ unit: UInt16, at start: Int) -> Bool {
        guard unit < 0x20, ![0x08, 0x09, 0x0A, 0x0C, 0x0D].contains(unit) else { return false }
        return bytes[start + 5] < UInt8(ascii: "A") || bytes[start + 5] >= UInt8(ascii: "a")
    }

    // MARK: Bytes

    private func byte(at index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }

    private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    private mutating func skipDigits() {
        while position < bytes.count, isDigit(bytes[position]) { position += 1 }
    }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09:
                isCanonical = false
                position += 1
            default: return
            }
        }
    }

    /// The next byte that is not white space, which stays to be read.
    private mutating func nextByte() throws(JSONError) -> UInt8 {
        skipWhitespace()
        guard position < bytes.count else { throw .unexpectedEnd(offset: position) }
        return bytes[position]
    }
}
