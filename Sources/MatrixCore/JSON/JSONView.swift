/// A value inside a document. It holds the document alive, and is as cheap to pass around as a reference.
package struct JSONView: Sendable {
    package enum Kind: Hashable, Sendable {
        case null, bool
        /// An integer that fits `Int64`.
        case integer
        /// Any other number.
        case float
        case string, array, object
    }

    let storage: JSONStorage
    /// Where the value is on the tape.
    let index: Int

    private var word: TapeWord { storage.tape[index] }

    package var kind: Kind {
        switch word.kind {
        case .null, .extent: .null
        case .true, .false: .bool
        case .integer: .integer
        case .bigInteger, .float: .float
        case .string, .escapedString, .shadowedKey: .string
        case .array: .array
        case .object: .object
        }
    }

    package var isNull: Bool { kind == .null }
    package var isString: Bool { kind == .string }
    package var isObject: Bool { kind == .object }
    package var isArray: Bool { kind == .array }
    package var isInteger: Bool { kind == .integer }
    package var isBool: Bool { kind == .bool }

    /// The member of an object; `nil` when this is no object or has no such member. The key is compared with escapes
    /// resolved. Cost: linear in the number of members.
    package subscript(key: String) -> JSONView? {
        guard isObject else { return nil }
        let name = key.utf8Span.span
        let tape = storage.tape
        let end = tape[index].second
        var keyIndex = index + 2
        while keyIndex < end {
            let (key, value) = (tape[keyIndex], tape[keyIndex + 1])
            if !key.isShadowed, JSONText.equals(storage.bytes, key, name) {
                return JSONView(storage: storage, index: keyIndex + 1)
            }
            keyIndex = value.isContainer ? value.second : keyIndex + 2
        }
        return nil
    }

    package var string: String? { isString ? storage.string(at: index) : nil }

    package var int: Int64? { isInteger ? JSONNumber.integer(storage.bytes, word.text) : nil }

    /// Any number, as the double nearest to it (always finite); `nil` for integers beyond the largest one.
    package var double: Double? {
        switch word.kind {
        case .integer, .bigInteger, .float: JSONNumber.double(storage.bytes, word.text)
        default: nil
        }
    }

    package var bool: Bool? {
        switch word.kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// The elements, when this is an array.
    package var array: JSONArrayView? { isArray ? JSONArrayView(self) : nil }
    /// The members, when this is an object.
    package var object: JSONObjectView? { isObject ? JSONObjectView(self) : nil }
    /// The number of elements or members; 0 for scalars.
    package var count: Int { word.isContainer ? storage.tape[index + 1].second : 0 }

    /// Whether this is a string with exactly this text. Cost: allocates nothing.
    package func stringEquals(_ text: String) -> Bool { isString && storage.text(at: index, equals: text) }

    /// The exact bytes of the value in its document, with quotes or brackets.
    package var rawBytes: ArraySlice<UInt8> { storage.bytes[storage.source(at: index)] }

    /// The number of UTF-8 bytes that a string has once its escapes are resolved; 0 for everything else.
    package var stringByteCount: Int {
        guard isString else { return 0 }
        guard word.isEscaped else { return word.second }
        var reader = JSONTextReader(storage.bytes, word.text)
        var count = 0
        while reader.next() != nil { count += 1 }
        return count
    }

    /// What `1e10` says is an integer also in canonical JSON.
    private func number() -> JSONValue {
        if word.kind == .float, let whole = JSONNumber.wholeNumber(storage.bytes, word.text) { return .integer(whole) }
        if let double { return .float(double) }
        let isNegative = rawBytes.first == UInt8(ascii: "-")
        return .float(isNegative ? -Double.greatestFiniteMagnitude : .greatestFiniteMagnitude)
    }

    /// A copy that stands by itself. Integers that do not fit `Int64` become floats, the largest one at most.
    package func value() -> JSONValue {
        switch kind {
        case .null: return .null
        case .bool: return .bool(bool == true)
        case .integer: return .integer(int ?? 0)
        case .float: return number()
        case .string: return .string(storage.string(at: index))
        case .array: return .array(array.map { $0.map { $0.value() } } ?? [])
        case .object:
            var members: [String: JSONValue] = [:]
            members.reserveCapacity(count)
            for (key, value) in JSONObjectView(self) { members[key] = value.value() }
            return .object(members)
        }
    }
}
