/// What a key may hold: how it is read, and how that is told to people.
struct ValueType<Value: Sendable>: Sendable {
    /// What may be written, in words that follow "expected": `a whole number from 1 to 128`.
    let allowed: String
    /// The value written at a place, or `nil` after a report of what is wrong there.
    let read: @Sendable (Place) -> Value?
    /// A value as YAML, for the example; `nil` when there is nothing to show.
    let write: @Sendable (Value) -> String?
    /// The value of a key that is left out, for types that know one (a section whose keys all have defaults).
    var readAbsent: (@Sendable (Place) -> Value?)?
    /// What a default means in the file at hand, for types whose values depend on where the file is.
    var settleDefault: (@Sendable (Value, Reading) -> Value)?
    var shape = KeyDocumentation.Shape.value
    var children: [KeyDocumentation] = []
}

extension ValueType {
    /// A type of single values with a reader of their text.
    static func text(
        _ allowed: String, write: @escaping @Sendable (Value) -> String? = { YAMLText.quoted("\($0)") },
        parse: @escaping @Sendable (String) -> Value?
    ) -> ValueType {
        ValueType(
            allowed: allowed,
            read: { place in
                guard let (text, _) = place.scalar(allowed) else { return nil }
                guard let value = parse(text) else {
                    place.refuse("expected \(allowed), found \(YAMLText.shortened(text))")
                    return nil
                }
                return value
            },
            write: write)
    }

    /// A type where the empty text means that there is no value.
    static func optional<Wrapped>(_ type: ValueType<Wrapped>) -> ValueType where Value == Wrapped? {
        ValueType(
            allowed: "\(type.allowed), or empty for none",
            read: { place in
                if case .scalar("", _) = place.node.content { return .some(nil) }
                return type.read(place).map { .some($0) }
            },
            write: { $0.map(type.write) ?? YAMLText.quoted("") })
    }

    /// A list of values.
    static func list<Element>(of type: ValueType<Element>, limit: Int) -> ValueType where Value == [Element] {
        ValueType(
            allowed: type.shape == .section ? "a list" : "a list, each \(type.allowed)",
            read: { place in
                guard let items = place.items(limit: limit) else { return nil }
                let values = items.compactMap(type.read)
                return values.count == items.count ? values : nil
            },
            write: { values in "[\(values.compactMap(type.write).joined(separator: ", "))]" },
            shape: type.shape == .section ? .entries : .value, children: type.children)
    }
}

/// YAML written by hand, for the example file and for messages.
enum YAMLText {
    /// A text in double quotes.
    static func quoted(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(escaped)\""
    }

    /// A written text as a message may repeat it: quoted, one line, of bounded length.
    static func shortened(_ text: String) -> String {
        let oneLine = String(text.prefix(60).map { $0.isNewline ? " " : $0 })
        return quoted(text.count > 60 ? "\(oneLine)..." : oneLine)
    }
}
