/// JSON that was parsed once: the bytes as they came, and a tape that knows where each value is. Copies share both.
///
/// - Equal keys: the last one counts, as in Python's parser, in every accessor and in the canonical form. The others
///   are as if they had not been there, except in `bytes`.
/// - Cost: about 8 bytes of tape a value beside the bytes; parsing is linear (n log n for unsorted keys).
package struct JSONDocument: Sendable {
    private let storage: JSONStorage

    /// - Throws: `JSONError` when the bytes are not one JSON value (RFC 8259) within the limits, or have escapes that are
    ///   no Unicode text (lone surrogates).
    package init(parsing bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError) {
        storage = try JSONParser.parse(bytes, limits: limits)
    }

    package init(parsing text: String, limits: JSONLimits = .default) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), limits: limits)
    }

    package var bytes: [UInt8] { storage.bytes }
    /// Whether `bytes` are canonical JSON (the strict form of room versions 6 and later) as they stand.
    package var isCanonical: Bool { storage.isCanonical }
    /// Whether some object has a key more than once.
    package var hasDuplicateKeys: Bool { storage.hasDuplicateKeys }
    package var root: JSONView { JSONView(storage: storage, index: 0) }

    package subscript(key: String) -> JSONView? { root[key] }
}
