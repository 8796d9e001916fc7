/// The commented example file, made from what the keys say about themselves.
package enum ConfigurationExample {
    /// Width of the comments.
    private static let lineLength = 100

    /// The file: it can be used as it stands once the names in it are right.
    package static var text: String {
        var lines = [
            "# Configuration of Apus. Printed by `apus config example`; `apus config check --config FILE` checks one.",
            "#",
            "# What is not said has its default, which is what stands here. Paths are relative to this file. Instead of a",
            "# secret, {file: path} or {env: NAME} may be written. Changes count when the processes are started again.",
        ]
        for key in ServerConfiguration.documentation {
            lines.append("")
            lines += write(key, indent: "")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func write(_ key: KeyDocumentation, indent: String) -> [String] {
        var lines = describe(key, indent: indent)
        switch key.shape {
        case .value:
            lines += key.children.flatMap { describe($0, indent: indent, isEntry: true) }
            lines.append("\(indent)\(key.name): \(key.example ?? key.fallback ?? YAMLText.quoted(""))")
        case .section, .optionalSection:
            let body = ["\(indent)\(key.name):"] + key.children.flatMap { write($0, indent: "\(indent)  ") }
            lines += key.shape == .section ? body : body.map { "# \($0)" }
        case .entries:
            lines += key.children.flatMap { describe($0, indent: indent, isEntry: true) }
            let example = (key.example ?? "").split(separator: "\n")
            let isEmpty = example.allSatisfy { $0.hasPrefix("#") }
            lines.append("\(indent)\(key.name):\(isEmpty ? " \(key.fallback ?? "[]")" : "")")
            lines += example.map { "\(indent)  \($0)" }
        }
        return lines
    }

    /// What a key is for, and under it what it may hold. The keys of an entry are listed under the key of the list.
    private static func describe(_ key: KeyDocumentation, indent: String, isEntry: Bool = false) -> [String] {
        let text = key.text.split(separator: "\n").joined(separator: " ")
        guard isEntry else {
            return comment(text, indent: indent) + (facts(key).map { comment("= \($0)", indent: indent) } ?? [])
        }
        let facts = facts(key).map { " = \($0)" } ?? ""
        return comment("- \(key.name): \(text)\(facts)", indent: indent)
    }

    private static func facts(_ key: KeyDocumentation) -> String? {
        var facts: [String] = []
        if key.shape == .value { facts.append(key.allowed) }
        if let unit = key.unit { facts.append("in \(unit)") }
        if key.isRequired {
            facts.append("required")
        } else if let fallback = key.fallback, fallback != YAMLText.quoted(""), key.example != nil, key.shape == .value
        {
            facts.append("default \(fallback)")
        }
        if key.change == .never { facts.append("never changes") }
        return facts.isEmpty ? nil : facts.joined(separator: "; ")
    }

    /// A text as comment lines of bounded length.
    private static func comment(_ text: String, indent: String) -> [String] {
        var lines: [String] = []
        var line = "\(indent)#"
        for word in text.split(separator: " ") {
            if line.count + 1 + word.count > lineLength {
                lines.append(line)
                line = "\(indent)#  "
            }
            line += " \(word)"
        }
        lines.append(line)
        return lines
    }
}
