/// One word of the tape: a kind in the top 4 bits, then two numbers of 30 bits.
///
/// - Scalars and keys: where their text begins in the bytes (strings: after the quote) and how many bytes it has.
/// - Containers take two words: (first byte, index of the tape after the container), (byte after the container, number of
///   members). A key is followed by its value.
struct TapeWord: Hashable, Sendable {
    enum Kind: UInt64 {
        case null, `true`, `false`
        /// An integer that fits `Int64`.
        case integer
        /// An integer that does not fit `Int64`.
        case bigInteger
        /// A number with a fraction or an exponent.
        case float
        /// A string whose bytes are its text.
        case string
        /// A string with at least one escape.
        case escapedString
        case array, object
        /// A key that a later equal key of the same object replaces. Readers pass over it and its value.
        case shadowedKey
        /// The second word of a container.
        case extent
    }

    private static let fieldBits: UInt64 = 30
    private static let fieldMask: UInt64 = (1 << 30) - 1

    private let bits: UInt64

    init(_ kind: Kind, _ first: Int, _ second: Int) {
        bits =
            kind.rawValue << 60 | (UInt64(truncatingIfNeeded: first) & Self.fieldMask) << Self.fieldBits
            | (UInt64(truncatingIfNeeded: second) & Self.fieldMask)
    }

    var kind: Kind { Kind(rawValue: bits >> 60) ?? .null }
    var first: Int { Int(bits >> Self.fieldBits & Self.fieldMask) }
    var second: Int { Int(bits & Self.fieldMask) }

    /// Where a scalar's or a key's text is.
    var text: Range<Int> { first..<(first + second) }
    var isContainer: Bool { bits >> 60 == Kind.array.rawValue || bits >> 60 == Kind.object.rawValue }
    var isShadowed: Bool { bits >> 60 == Kind.shadowedKey.rawValue }
    var isEscaped: Bool { bits >> 60 == Kind.escapedString.rawValue }
}

/// The bytes of a document and the tape over them. Immutable, and shared by all views of the document.
final class JSONStorage: Sendable {
    let bytes: [UInt8]
    let tape: [TapeWord]
    let isCanonical: Bool
    let hasDuplicateKeys: Bool

    init(bytes: [UInt8], tape: [TapeWord], isCanonical: Bool, hasDuplicateKeys: Bool) {
        self.bytes = bytes
        self.tape = tape
        self.isCanonical = isCanonical
        self.hasDuplicateKeys = hasDuplicateKeys
    }

    /// The index after the value at `index`.
    func index(after index: Int) -> Int {
        let word = tape[index]
        return word.isContainer ? word.second : index + 1
    }

    /// The exact bytes of the value (or key) at `index`, with quotes.
    func source(at index: Int) -> Range<Int> {
        let word = tape[index]
        switch word.kind {
        case .string, .escapedString, .shadowedKey: return (word.first - 1)..<(word.first + word.second + 1)
        case .array, .object: return word.first..<tape[index + 1].first
        default: return word.text
        }
    }

    func string(at index: Int) -> String {
        let word = tape[index]
        if word.isEscaped { return JSONText.decode(bytes, word.text) }
        return bytes.withUnsafeBufferPointer {
            String(decoding: UnsafeBufferPointer(rebasing: $0[word.text]), as: UTF8.self)
        }
    }

    /// Whether the string or key at `index` is `other`, without making a `String`.
    func text(at index: Int, equals other: String) -> Bool { JSONText.equals(bytes, tape[index], other.utf8Span.span) }
}
