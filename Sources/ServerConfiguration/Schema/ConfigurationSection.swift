/// A table of the configuration file as a value.
protocol ConfigurationSection: Sendable {
    /// Its keys in the order in which the example shows them.
    static var documentation: [KeyDocumentation] { get }
    /// Reads every key, and is `nil` when one of them was reported.
    init?(from reader: SectionReader)
}

extension ConfigurationSection {
    fileprivate static func read(_ place: Place) -> Self? {
        Self(from: SectionReader(place, keys: documentation))
    }
}

extension ValueType where Value: ConfigurationSection {
    /// A table of keys. One that is left out has the defaults of its keys, and must be given when one has none.
    static var section: ValueType {
        ValueType(
            allowed: "a table of keys", read: Value.read, write: { _ in nil }, readAbsent: Value.read, shape: .section,
            children: Value.documentation)
    }
}

extension ValueType {
    /// A table of keys that may be left out as a whole.
    static func optionalSection<Section: ConfigurationSection>() -> ValueType where Value == Section? {
        ValueType(
            allowed: "a table of keys", read: { place in Section.read(place).map { .some($0) } }, write: { _ in nil },
            readAbsent: { _ in .some(nil) }, shape: .optionalSection, children: Section.documentation)
    }
}
