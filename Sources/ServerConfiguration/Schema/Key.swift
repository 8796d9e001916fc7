/// A key of the configuration: its name, what it may hold, and what people should know about it.
///
/// A section lists its keys in `documentation` and reads each of them once; a key that is read and not listed, or the
/// other way around, is found by an assertion in every test that reads a configuration.
struct Key<Value: Sendable>: Sendable {
    let name: String
    let type: ValueType<Value>
    /// The value when the key is left out; `nil` for a key that must be given.
    let fallback: Value?
    let documentation: KeyDocumentation

    /// - Parameter fallback: the default. Without one the key must be given, unless its type knows how to be absent.
    /// - Parameter example: YAML for the example file where the default would not show anything.
    init(
        _ name: String, _ type: ValueType<Value>, default fallback: Value? = nil, unit: String? = nil,
        change: ChangeOfKey = .atRestart, example: String? = nil, _ text: String
    ) {
        self.name = name
        self.type = type
        self.fallback = fallback
        documentation = KeyDocumentation(
            name: name, text: text, unit: unit, allowed: type.allowed, fallback: fallback.flatMap(type.write),
            isRequired: fallback == nil && type.readAbsent == nil, change: change, example: example,
            shape: type.shape, children: type.children)
    }
}
