import MatrixCore

/// Any bytes, as JSON and as canonical JSON.
enum JSONFuzzTarget {
    static let dictionary = [
        "{", "}", "[", "]", "\"", "\\u", "\\ud83d\\ude00", "\\\"", "\\/", "null", "true", "1e400", "-0", "0.1", "1e10",
        "9007199254740992", "-9223372036854775808", "18446744073709551616", "\u{0}", "\u{1F}", "é", "e\u{301}", ":",
        ",",
    ]

    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        guard let document = try? JSONDocument(parsing: bytes) else {
            try FuzzFailure.unless((try? JSONValue(parsing: bytes)) == nil, "a value where there is no document")
            return
        }
        try walk(document.root, depth: 0)
        let canonical: [UInt8]
        do { canonical = try CanonicalJSON.encode(document.root, strict: false) } catch {
            throw FuzzFailure("lenient canonical JSON refuses what was parsed: \(error)")
        }
        guard let again = try? JSONDocument(parsing: canonical) else { throw FuzzFailure("canonical JSON is no JSON") }
        try FuzzFailure.unless(
            (try? CanonicalJSON.encode(again.root, strict: false)) == canonical, "canonical JSON changes when repeated")
        try FuzzFailure.unless(!again.hasDuplicateKeys, "canonical JSON with a key twice")
        let strict = try? CanonicalJSON.encode(document.root, strict: true)
        try FuzzFailure.unless(
            (strict != nil) == ((try? CanonicalJSON.check(document.root)) != nil), "check and encode disagree")
        if let strict {
            try FuzzFailure.unless(strict == canonical, "strict and lenient canonical JSON differ")
            try FuzzFailure.unless(again.isCanonical, "canonical JSON is not recognised")
        }
        if document.isCanonical { try FuzzFailure.unless(canonical == bytes, "taken for canonical and is not") }
    }

    /// Every accessor of every value: they agree with each other.
    private static func walk(_ view: JSONView, depth: Int) throws(FuzzFailure) {
        guard let alone = try? JSONDocument(parsing: Array(view.rawBytes)) else {
            throw FuzzFailure("the bytes of a value are no JSON")
        }
        try FuzzFailure.unless(alone.root.kind == view.kind, "a value changes its kind when it stands alone")
        if let text = view.string {
            try FuzzFailure.unless(text.utf8.count == view.stringByteCount, "a string's length is not its length")
            try FuzzFailure.unless(view.stringEquals(text), "a string is not equal to itself")
        }
        if let number = view.int {
            try FuzzFailure.unless(view.double == Double(number), "an integer is another double")
        }
        if let array = view.array {
            try FuzzFailure.unless(array.map { _ in 0 }.count == view.count, "an array miscounts its elements")
            for element in array { try walk(element, depth: depth + 1) }
        }
        if let object = view.object {
            var count = 0
            for (key, value) in object {
                count += 1
                try FuzzFailure.unless(
                    view[key]?.rawBytes.startIndex == value.rawBytes.startIndex, "a member is not found by its key")
                try walk(value, depth: depth + 1)
            }
            try FuzzFailure.unless(count == view.count, "an object miscounts its members")
        }
    }
}
