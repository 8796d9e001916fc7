/// When a new value of a key counts.
package enum ChangeOfKey: Sendable {
    /// After the process was started again.
    case atRestart
    /// Never: the value is part of what is stored and of what other servers know.
    case never
}

/// Everything there is to say about a key of the configuration, for people: the example file and the messages are made
/// of it.
package struct KeyDocumentation: Sendable {
    /// What a key holds, as far as its layout in the example goes.
    package enum Shape: Sendable {
        case value
        /// A table with the keys of its own in `children`.
        case section
        /// A section that may be left out as a whole, which then is off.
        case optionalSection
        /// A list or a table of named entries, each with the keys in `children`.
        case entries
    }

    package let name: String
    package let text: String
    package let unit: String?
    /// What may be written, in words: `a whole number from 1 to 128`. Empty for sections.
    package let allowed: String
    /// The default as YAML; `nil` when the key must be given or has none.
    package let fallback: String?
    package let isRequired: Bool
    package let change: ChangeOfKey
    /// YAML for the example file where the default would not show anything.
    package let example: String?
    package let shape: Shape
    package let children: [KeyDocumentation]
}

extension [KeyDocumentation] {
    /// The full names of all keys that are called `name`, the shallowest first.
    func paths(endingIn name: String) -> [String] {
        let here = filter { $0.name == name }.map(\.name)
        return here + flatMap { key in key.children.paths(endingIn: name).map { "\(key.name).\($0)" } }
    }
}
