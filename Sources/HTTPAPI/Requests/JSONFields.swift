package import MatrixCore

/// Reads the members of one JSON object that came with a request, each with the right error when it is missing or wrong.
///
/// - Missing: `M_MISSING_PARAM`. Another type: `M_BAD_JSON`. The right type with a value that cannot be:
///   `M_INVALID_PARAM`. An optional member that is `null` counts as absent.
package struct JSONFields: Sendable {
    private let object: JSONView?
    /// Where the object stands, for error messages: empty for the body itself, else `a.b.`.
    private let prefix: String

    /// - Parameter object: an object; nil for an empty body, which has no members.
    init(_ object: JSONView?, prefix: String = "") {
        self.object = object
        self.prefix = prefix
    }

    /// The members of an object inside of a body, such as an element of a list.
    ///
    /// - Parameter name: where it stands, for error messages.
    package init(of view: JSONView, named name: String) throws(MatrixError) {
        guard view.isObject else { throw .badJSON("\(name) must be an object") }
        self.init(view, prefix: name + ".")
    }

    package func required<Value: JSONReadable>(
        _ name: String, as type: Value.Type = Value.self
    ) throws(MatrixError) -> Value {
        guard let view = object?[name] else { throw .missingParam(prefix + name) }
        return try convert(view, name)
    }

    package func optional<Value: JSONReadable>(
        _ name: String, as type: Value.Type = Value.self
    ) throws(MatrixError) -> Value? {
        guard let view = object?[name], !view.isNull else { return nil }
        return try convert(view, name)
    }

    package func required<Value>(_ name: String, _ make: (String) -> Value?) throws(MatrixError) -> Value {
        try refine(required(name), name, make)
    }

    package func optional<Value>(_ name: String, _ make: (String) -> Value?) throws(MatrixError) -> Value? {
        guard let text: String = try optional(name) else { return nil }
        return try refine(text, name, make)
    }

    /// A list of strings that each make a value.
    package func required<Value>(each name: String, _ make: (String) -> Value?) throws(MatrixError) -> [Value] {
        try refine(each: required(name), name, make)
    }

    /// A list of strings that each make a value; nil when absent.
    package func optional<Value>(each name: String, _ make: (String) -> Value?) throws(MatrixError) -> [Value]? {
        guard let texts: [String] = try optional(name) else { return nil }
        return try refine(each: texts, name, make)
    }

    /// The members of an object inside this one; nil when absent.
    package func object(_ name: String) throws(MatrixError) -> JSONFields? {
        guard let view: JSONView = try optional(name) else { return nil }
        return try JSONFields(of: view, named: prefix + name)
    }

    /// All members, of an object that has no fixed set of them.
    package func members() throws(MatrixError) -> [String: JSONValue] {
        guard let object, let members = [String: JSONValue](json: object) else { return [:] }
        return members
    }

    private func convert<Value: JSONReadable>(_ view: JSONView, _ name: String) throws(MatrixError) -> Value {
        guard let value = Value(json: view) else {
            throw .badJSON("\(prefix + name) must be \(Value.jsonTypeName)")
        }
        return value
    }

    private func refine<Value>(
        _ text: String, _ name: String, _ make: (String) -> Value?
    ) throws(MatrixError) -> Value {
        guard let value = make(text) else { throw .invalidParam("\(prefix + name) is not valid") }
        return value
    }

    private func refine<Value>(
        each texts: [String], _ name: String, _ make: (String) -> Value?
    ) throws(MatrixError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(texts.count)
        for text in texts { values.append(try refine(text, name, make)) }
        return values
    }
}
