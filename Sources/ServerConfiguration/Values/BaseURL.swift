/// The address under which a web service stands: `https://matrix.example.com/`. Always ends with a slash.
package struct BaseURL: Sendable, Hashable, CustomStringConvertible {
    /// Longer addresses are refused by much of the web.
    package static let lengthLimit = 2048

    package let text: String
    package let isEncrypted: Bool

    /// Reads an `http` or `https` URL that has a host and neither a query nor a fragment.
    package init?(_ text: String) {
        let schemes = [("https://", true), ("http://", false)]
        guard text.utf8.count <= Self.lengthLimit,
            let (scheme, isEncrypted) = schemes.first(where: { text.hasPrefix($0.0) })
        else { return nil }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        guard !authority.isEmpty, !authority.hasPrefix(":"), !authority.contains("@") else { return nil }
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            !rest.contains(where: { "?#\\\"<>^`{|}".contains($0) })
        else { return nil }
        self.text = text.hasSuffix("/") ? text : "\(text)/"
        self.isEncrypted = isEncrypted
    }

    package var description: String { text }
}

extension ValueType where Value == BaseURL {
    static var baseURL: ValueType {
        text("an http or https URL", parse: BaseURL.init)
    }
}
