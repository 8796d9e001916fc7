package import MatrixCore

/// What can be read from a value of a request's JSON body.
package protocol JSONReadable {
    /// Nil when the value has another type.
    init?(json: JSONView)
    /// The type's name for error messages, such as "a string".
    static var jsonTypeName: String { get }
}

extension String: JSONReadable {
    package init?(json: JSONView) {
        guard let string = json.string else { return nil }
        self = string
    }
    package static var jsonTypeName: String { "a string" }
}

extension Bool: JSONReadable {
    package init?(json: JSONView) {
        guard let bool = json.bool else { return nil }
        self = bool
    }
    package static var jsonTypeName: String { "true or false" }
}

extension Int64: JSONReadable {
    package init?(json: JSONView) {
        guard let int = json.int else { return nil }
        self = int
    }
    package static var jsonTypeName: String { "an integer" }
}

extension Int: JSONReadable {
    package init?(json: JSONView) {
        guard let int = json.int else { return nil }
        self.init(exactly: int)
    }
    package static var jsonTypeName: String { "an integer" }
}

extension Double: JSONReadable {
    package init?(json: JSONView) {
        guard let double = json.double else { return nil }
        self = double
    }
    package static var jsonTypeName: String { "a number" }
}

extension JSONView: JSONReadable {
    package init?(json: JSONView) { self = json }
    package static var jsonTypeName: String { "a value" }
}

extension JSONValue: JSONReadable {
    package init?(json: JSONView) { self = json.value() }
    package static var jsonTypeName: String { "a value" }
}

extension JSONObjectView: JSONReadable {
    package init?(json: JSONView) {
        guard let object = json.object else { return nil }
        self = object
    }
    package static var jsonTypeName: String { "an object" }
}

extension JSONArrayView: JSONReadable {
    package init?(json: JSONView) {
        guard let array = json.array else { return nil }
        self = array
    }
    package static var jsonTypeName: String { "an array" }
}

extension Array: JSONReadable where Element: JSONReadable {
    /// Nil when one of the elements has another type.
    package init?(json: JSONView) {
        guard let array = json.array else { return nil }
        var elements: [Element] = []
        elements.reserveCapacity(array.count)
        for view in array {
            guard let element = Element(json: view) else { return nil }
            elements.append(element)
        }
        self = elements
    }
    package static var jsonTypeName: String { "an array, each element \(Element.jsonTypeName)" }
}

extension Dictionary: JSONReadable where Key == String, Value: JSONReadable {
    /// Nil when one of the values has another type.
    package init?(json: JSONView) {
        guard let object = json.object else { return nil }
        var members: [String: Value] = [:]
        members.reserveCapacity(object.count)
        for (key, view) in object {
            guard let value = Value(json: view) else { return nil }
            members[key] = value
        }
        self = members
    }
    package static var jsonTypeName: String { "an object, each value \(Value.jsonTypeName)" }
}
