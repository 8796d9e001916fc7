/// The one encoding of a JSON value that is hashed and signed.
///
/// - Spec: https://spec.matrix.org/v1.19/appendices/#canonical-json
package enum CanonicalJSON {
    /// The canonical form of a value that was parsed.
    ///
    /// - Parameter strict: refuse what canonical JSON has no form for: integers outside of [-(2^53) + 1, 2^53 - 1],
    ///   fractions, exponents, `-0`. Events of room versions 6 and later are held to it. Otherwise they are
    ///   written as Python writes them.
    package static func encode(_ view: JSONView, strict: Bool) throws(JSONError) -> [UInt8] {
        try encode(view, strict: strict, without: [])
    }

    /// The same, without some members of the outermost object (`signatures`, `unsigned`...).
    package static func encode(_ view: JSONView, strict: Bool, without keys: [String]) throws(JSONError) -> [UInt8] {
        if view.storage.isCanonical, keys.isEmpty { return Array(view.rawBytes) }
        var encoder = Encoder(storage: view.storage, strict: strict)
        encoder.output.reserveCapacity(view.rawBytes.count)
        if view.isObject {
            try encoder.object(at: view.index, without: keys)
        } else {
            try encoder.value(at: view.index)
        }
        return encoder.output
    }

    /// The canonical form of a value that was built.
    package static func encode(_ value: JSONValue, strict: Bool, without keys: [String] = []) throws(JSONError)
        -> [UInt8]
    {
        if strict { try check(value) }
        guard case .object(var members) = value, !keys.isEmpty else { return value.canonicalBytes }
        for key in keys { members[key] = nil }
        return JSONValue.object(members).canonicalBytes
    }

    /// Throws unless everything in `view` has a form in strict canonical JSON. Key order and white space do not matter.
    package static func check(_ view: JSONView) throws(JSONError) {
        if view.storage.isCanonical { return }
        let end = view.storage.index(after: view.index)
        var index = view.index
        while index < end {
            let word = view.storage.tape[index]
            if word.isShadowed {
                // Neither the key nor its value is there for anybody else.
                index = view.storage.index(after: index + 1)
                continue
            }
            try Encoder.checkNumber(word, in: view.storage)
            index += word.isContainer ? 2 : 1
        }
    }

    private static func check(_ value: JSONValue) throws(JSONError) {
        switch value {
        case .null, .bool, .string: return
        case .integer(let value): if !JSONNumber.isCanonical(value) { throw .numberOutOfRange(offset: 0) }
        case .float: throw .notAnInteger(offset: 0)
        case .array(let elements): for element in elements { try check(element) }
        case .object(let members): for member in members.values { try check(member) }
        }
    }

    /// Recursion goes as deep as the document, which the parser has bounded.
    private struct Encoder {
        let storage: JSONStorage
        let strict: Bool
        var output: [UInt8] = []

        init(storage: JSONStorage, strict: Bool) {
            self.storage = storage
            self.strict = strict
        }

        static func checkNumber(_ word: TapeWord, in storage: JSONStorage) throws(JSONError) {
            switch word.kind {
            case .float: throw .notAnInteger(offset: word.first)
            case .bigInteger: throw .numberOutOfRange(offset: word.first)
            case .integer:
                let value = JSONNumber.integer(storage.bytes, word.text) ?? .max
                guard JSONNumber.isCanonical(value) else { throw .numberOutOfRange(offset: word.first) }
                guard value != 0 || word.second == 1 else { throw .notAnInteger(offset: word.first) }
            default: return
            }
        }

        mutating func value(at index: Int) throws(JSONError) {
            let word = storage.tape[index]
            if storage.isCanonical {
                output.append(contentsOf: storage.bytes[storage.source(at: index)])
                return
            }
            switch word.kind {
            case .array: try array(at: index)
            case .object: try object(at: index, without: [])
            case .escapedString:
                JSONText.appendQuoted(JSONText.decodedBytes(storage.bytes, word.text).span, to: &output)
            case .integer, .bigInteger, .float: try number(word)
            default: output.append(contentsOf: storage.bytes[storage.source(at: index)])
            }
        }

        private mutating func number(_ word: TapeWord) throws(JSONError) {
            if strict { try Self.checkNumber(word, in: storage) }
            if word.kind == .float, let whole = JSONNumber.wholeNumber(storage.bytes, word.text) {
                output.append(contentsOf: String(whole).utf8)
            } else if word.kind == .float {
                output.append(contentsOf: JSONNumber.text(JSONNumber.double(storage.bytes, word.text) ?? 0).utf8)
            } else if word.kind == .integer {
                output.append(contentsOf: String(JSONNumber.integer(storage.bytes, word.text) ?? 0).utf8)
            } else {
                output.append(contentsOf: storage.bytes[word.text])
            }
        }

        private mutating func array(at index: Int) throws(JSONError) {
            output.append(UInt8(ascii: "["))
            let end = storage.tape[index].second
            var element = index + 2
            while element < end {
                if element > index + 2 { output.append(UInt8(ascii: ",")) }
                try value(at: element)
                element = storage.index(after: element)
            }
            output.append(UInt8(ascii: "]"))
        }

        mutating func object(at index: Int, without excluded: [String]) throws(JSONError) {
            let storage = storage
            var keys = Array(JSONMemberIndices(JSONView(storage: storage, index: index)))
            if !excluded.isEmpty {
                keys.removeAll { key in excluded.contains { storage.text(at: key, equals: $0) } }
            }
            if !storage.isCanonical {
                keys.sort { JSONText.order(storage.bytes, storage.tape[$0], storage.tape[$1]) < 0 }
            }
            output.append(UInt8(ascii: "{"))
            for (position, key) in keys.enumerated() {
                if position > 0 { output.append(UInt8(ascii: ",")) }
                try value(at: key)
                output.append(UInt8(ascii: ":"))
                try value(at: key + 1)
            }
            output.append(UInt8(ascii: "}"))
        }
    }
}
