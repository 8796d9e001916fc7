/// A piece of a YAML document, with the line it starts on.
///
/// Only what a configuration file needs: scalars keep what was written, because what they mean (a number, a word, a
/// path) is for the key to say. That is why `default_version: 12` may be text and `"8"` is not a number.
struct YAMLNode: Sendable {
    enum Content: Sendable {
        /// `isPlain` is false for what was written in quotes or as a block.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        case mapping([Entry])
    }

    struct Entry: Sendable {
        let name: String
        let line: Int
        let value: YAMLNode
    }

    let content: Content
    let line: Int

    /// Whether nothing was written: `key:` alone, `~` or `null`. Such a key counts as left out.
    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return text.isEmpty || text == "~" || text == "null"
    }

    /// What the node is, for messages.
    var kind: String {
        switch content {
        case .scalar: "a single value"
        case .sequence: "a list"
        case .mapping: "a table of keys"
        }
    }
}
