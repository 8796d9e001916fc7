/// Takes a large object apart while it arrives: hands out the elements of some of its arrays one by one, and keeps the rest. So
/// an answer of hundreds of megabytes never is in memory as a whole.
///
/// It only finds out where elements end. Every byte is in an element or in the rest, so nothing passes for JSON that is none
/// once these have been parsed.
package struct JSONElementStream: Sendable {
    package struct Element: Sendable {
        /// Which of the arrays it was in, by its place in the list given.
        package let array: Int
        /// Not looked at yet.
        package let bytes: [UInt8]
    }

    /// Where in the object the next byte belongs.
    private enum Place {
        case rest
        case elements(of: Int)
    }

    private let arrays: [[UInt8]]
    private let maximumElementBytes: Int
    private let maximumRestBytes: Int
    private var place = Place.rest
    /// How many containers are open.
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// Of the bytes before the present ones, for errors.
    private var offset = 0
    private var rest: [UInt8] = []
    private var element: [UInt8] = []
    /// Whether a comma came that an element must follow.
    private var needsElement = false
    private var begun: Set<Int> = []

    /// The last string of the outermost object, and the array that it names if it is a key: set at the colon.
    private var lastString: Range<Int>?
    private var named: Int?

    /// - Parameters:
    ///   - arrays: members of the outermost object. What is no array there stays in the rest.
    ///   - maximumRestBytes: of all that is no element.
    package init(elementsOf arrays: [String], maximumElementBytes: Int, maximumRestBytes: Int) {
        self.arrays = arrays.map { Array($0.utf8) }
        self.maximumElementBytes = maximumElementBytes
        self.maximumRestBytes = maximumRestBytes
    }

    /// The elements that end in these bytes.
    ///
    /// - Throws: when the bytes cannot belong to JSON, an array comes twice, or a bound is exceeded. Nothing more is to be read.
    package mutating func read(_ bytes: Span<UInt8>) throws(JSONError) -> [Element] {
        var found: [Element] = []
        var kept = 0
        var position = 0
        while position < bytes.count {
            if isInString {
                position = try skipString(bytes, from: position)
                if !isInString, depth == 1, case .rest = place {
                    try keep(bytes, &kept, upTo: position)
                    lastString = lastString.map { $0.lowerBound..<(rest.count - 1) }
                }
                continue
            }
            let byte = bytes[position]
            switch place {
            case .rest:
                // From here on the bytes are elements, or a string that may be a key: what came before is kept first.
                if depth == 1, byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: ":") {
                    try keep(bytes, &kept, upTo: position)
                }
                try readRest(byte, at: position)
                position += 1
                if case .elements = place { try keep(bytes, &kept, upTo: position, asRest: true) }
            case .elements(let array):
                let ends = depth == 2 && (byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]"))
                if ends {
                    try keep(bytes, &kept, upTo: position)
                    if let done = try finishElement(of: array, by: byte, at: position) { found.append(done) }
                    // A comma belongs to nothing; the bracket belongs to the rest again.
                    if byte == UInt8(ascii: ",") { kept = position + 1 }
                } else {
                    try nest(byte, at: position)
                }
                position += 1
            }
        }
        try keep(bytes, &kept, upTo: bytes.count)
        offset += bytes.count
        return found
    }

    /// The object without the elements that were handed out: their arrays are empty in it.
    ///
    /// - Throws: when what came is not one whole object.
    package func finish() throws(JSONError) -> JSONDocument {
        guard case .rest = place else { throw .unexpectedEnd(offset: offset) }
        let document = try JSONDocument(parsing: rest)
        guard document.root.isObject else { throw .unexpectedByte(offset: 0) }
        for name in arrays {
            // A key that was written with escapes, which nobody does in earnest.
            if let array = document[String(decoding: name, as: UTF8.self)]?.array, !array.isEmpty {
                throw .unexpectedByte(offset: offset)
            }
        }
        return document
    }

    // MARK: Bytes

    /// Moves bytes that have been looked at to where they belong.
    private mutating func keep(
        _ bytes: Span<UInt8>, _ kept: inout Int, upTo end: Int, asRest: Bool = false
    ) throws(JSONError) {
        guard kept < end else { return }
        let some = bytes.extracting(kept..<end)
        kept = end
        if case .elements = place, !asRest {
            guard element.count + some.count <= maximumElementBytes else {
                throw .tooLarge(byteCount: element.count + some.count)
            }
            some.withUnsafeBufferPointer { element.append(contentsOf: $0) }
        } else {
            guard rest.count + some.count <= maximumRestBytes else {
                throw .tooLarge(byteCount: rest.count + some.count)
            }
            some.withUnsafeBufferPointer { rest.append(contentsOf: $0) }
        }
    }

    /// The position behind the string's end, or behind what is here of it.
    private mutating func skipString(_ bytes: Span<UInt8>, from start: Int) throws(JSONError) -> Int {
        if isEscaped {
            isEscaped = false
            return start + 1
        }
        let position = JSONText.plainEnd(bytes, from: start)
        guard position < bytes.count else { return position }
        switch bytes[position] {
        case UInt8(ascii: "\""): isInString = false
        case UInt8(ascii: "\\"): isEscaped = true
        default: throw .controlCharacter(offset: offset + position)
        }
        return position + 1
    }

    // MARK: Structure

    private mutating func readRest(_ byte: UInt8, at position: Int) throws(JSONError) {
        switch byte {
        case UInt8(ascii: "["):
            if depth == 1, let named {
                guard begun.insert(named).inserted else { throw .unexpectedByte(offset: offset + position) }
                place = .elements(of: named)
                element = []
                needsElement = false
            }
            depth += 1
        case UInt8(ascii: ":"):
            guard depth == 1, let key = lastString else { return }
            named = arrays.firstIndex { rest[key].elementsEqual($0) }
            return
        case UInt8(ascii: "\""):
            // The quote is kept with the string.
            if depth == 1 { lastString = (rest.count + 1)..<(rest.count + 1) }
            isInString = true
        case 0x20, 0x0A, 0x0D, 0x09: return
        default: try nest(byte, at: position)
        }
        named = nil
    }

    private mutating func nest(_ byte: UInt8, at position: Int) throws(JSONError) {
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            // An element does not end with a bracket that is not its own, and the object ends only once.
            let least = if case .elements = place { 2 } else { 0 }
            guard depth >= least else { throw .unexpectedByte(offset: offset + position) }
        default: return
        }
    }

    /// Ends an element at a comma or at the bracket that ends its array, which may be empty.
    private mutating func finishElement(
        of array: Int, by byte: UInt8, at position: Int
    ) throws(JSONError) -> Element? {
        let isEmpty = element.allSatisfy { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        let endsArray = byte == UInt8(ascii: "]")
        guard !isEmpty || (endsArray && !needsElement) else { throw .unexpectedByte(offset: offset + position) }
        needsElement = !endsArray
        if endsArray {
            depth -= 1
            place = .rest
        }
        defer { element = [] }
        return isEmpty ? nil : Element(array: array, bytes: element)
    }
}
