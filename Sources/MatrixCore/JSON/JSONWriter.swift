/// Writes JSON straight into bytes, with the commas where they belong. Members come out in the order written;
/// only `value` and `CanonicalJSON` sort.
///
/// ```swift
/// var writer = JSONWriter()
/// writer.object {
///     $0.field("next_batch", token)
///     $0.key("rooms")
///     $0.object { $0.field("join", raw: storedBytes) }
/// }
/// ```
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    /// Whether a value stands before this place in the same container.
    private var needsComma = false

    package init(reservingCapacity capacity: Int = 0) {
        if capacity > 0 { bytes.reserveCapacity(capacity) }
    }

    /// The bytes of one value that `body` writes.
    package static func write<Failure>(
        reservingCapacity capacity: Int = 0, _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: capacity)
        try body(&writer)
        return writer.bytes
    }

    // MARK: Containers

    package mutating func object<Failure>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        beginObject()
        try body(&self)
        endObject()
    }

    package mutating func array<Failure>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        beginArray()
        try body(&self)
        endArray()
    }

    package mutating func beginObject() { begin(UInt8(ascii: "{")) }
    package mutating func endObject() { end(UInt8(ascii: "}")) }
    package mutating func beginArray() { begin(UInt8(ascii: "[")) }
    package mutating func endArray() { end(UInt8(ascii: "]")) }

    /// A member's key; its value must follow.
    package mutating func key(_ key: String) {
        comma()
        JSONText.appendQuoted(key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A member that is an object.
    package mutating func object<Failure>(
        key: String, _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        self.key(key)
        try object(body)
    }

    /// A member that is an array.
    package mutating func array<Failure>(
        key: String, _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        self.key(key)
        try array(body)
    }

    // MARK: Values

    package mutating func null() { scalar("null") }
    package mutating func bool(_ value: Bool) { scalar(value ? "true" : "false") }
    package mutating func int(_ value: Int64) { scalar(String(value)) }
    package mutating func int(_ value: Int) { scalar(String(value)) }
    /// A number with a fraction. There is no infinity in JSON: that becomes `null`.
    package mutating func double(_ value: Double) { scalar(JSONNumber.text(value)) }

    package mutating func string(_ value: String) {
        comma()
        JSONText.appendQuoted(value, to: &bytes)
        needsComma = true
    }

    package mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .integer(let value): int(value)
        case .float(let value): double(value)
        case .string(let value): string(value)
        case .array(let elements): array { for element in elements { $0.value(element) } }
        case .object(let members):
            object {
                for (key, member) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                    $0.field(key, member)
                }
            }
        }
    }

    package mutating func value(_ view: JSONView) { raw(view.rawBytes) }

    /// One value that is JSON already. It is not looked at: it must come from a parser or a writer of ours.
    package mutating func raw(_ json: ArraySlice<UInt8>) {
        comma()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    package mutating func raw(_ json: [UInt8]) { raw(json[...]) }

    // MARK: Fields: a key and its value

    package mutating func field(_ key: String, _ value: String) {
        self.key(key)
        string(value)
    }

    package mutating func field(_ key: String, _ value: Bool) {
        self.key(key)
        bool(value)
    }

    package mutating func field(_ key: String, _ value: Int64) {
        self.key(key)
        int(value)
    }

    package mutating func field(_ key: String, _ value: Int) {
        self.key(key)
        int(value)
    }

    package mutating func field(_ key: String, _ value: Double) {
        self.key(key)
        double(value)
    }

    package mutating func field(_ key: String, _ value: JSONValue) {
        self.key(key)
        self.value(value)
    }

    package mutating func field(_ key: String, _ view: JSONView) {
        self.key(key)
        value(view)
    }

    package mutating func field(_ key: String, _ identifier: some MatrixIdentifier) {
        field(key, identifier.description)
    }

    package mutating func field(_ key: String, raw json: ArraySlice<UInt8>) {
        self.key(key)
        raw(json)
    }

    package mutating func field(_ key: String, raw json: [UInt8]) { field(key, raw: json[...]) }

    /// Members that are JSON already, with the commas between them.
    mutating func members(_ json: [UInt8]) { raw(json) }

    package mutating func field(_ key: String, strings: some Sequence<String>) {
        self.key(key)
        array { for string in strings { $0.string(string) } }
    }

    /// A member that is left out when there is no value.
    package mutating func field(optional key: String, _ value: String?) { if let value { field(key, value) } }
    package mutating func field(optional key: String, _ value: Bool?) { if let value { field(key, value) } }
    package mutating func field(optional key: String, _ value: Int64?) { if let value { field(key, value) } }
    package mutating func field(optional key: String, _ value: Int?) { if let value { field(key, value) } }
    package mutating func field(optional key: String, _ value: JSONValue?) { if let value { field(key, value) } }
    package mutating func field(optional key: String, _ value: JSONView?) { if let value { field(key, value) } }
    package mutating func field(optional key: String, _ value: (some MatrixIdentifier)?) {
        if let value { field(key, value) }
    }

    // MARK: Places

    private mutating func begin(_ bracket: UInt8) {
        comma()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func comma() { if needsComma { bytes.append(UInt8(ascii: ",")) } }

    private mutating func scalar(_ text: String) {
        comma()
        bytes.append(contentsOf: text.utf8)
        needsComma = true
    }
}
