import MatrixCore

extension ServerConfiguration {
    /// A document that new users have to accept, in one language.
    package struct Terms: ConfigurationSection, Equatable {
        /// What the document is called in the protocol; the same in all languages.
        package let policy: String
        package let version: String
        package let language: String
        /// What people read.
        package let name: String
        package let url: String

        static let documentation = [
            policyKey.documentation, versionKey.documentation, languageKey.documentation, nameKey.documentation,
            urlKey.documentation,
        ]

        private static let policyKey = Key(
            "policy", .opaqueIdentifier, example: "terms_of_service",
            "A short name for the document, the same in all languages.")
        private static let versionKey = Key(
            "version", .opaqueIdentifier, example: "\"1.0\"", "Its version, the same in all languages.")
        private static let languageKey = Key(
            "language", .language, example: "en", "The language of this text of it, like en or pt-BR.")
        private static let nameKey = Key(
            "name", .string(), example: "Terms of service", "What people read who are asked to accept it.")
        private static let urlKey = Key(
            "url", .webAddress, example: "\"https://example.com/terms\"", "Where they find the text.")

        init?(from reader: SectionReader) {
            guard
                let (policy, version, language, name, url) = reader.values(
                    Self.policyKey, Self.versionKey, Self.languageKey, Self.nameKey, Self.urlKey)
            else { return nil }
            (self.policy, self.version, self.language, self.name, self.url) = (policy, version, language, name, url)
        }

        /// What the entries say that cannot be, together; `nil` when they are right.
        static func mistake(in terms: [Terms]) -> String? {
            for (policy, entries) in Dictionary(grouping: terms, by: \.policy).sorted(by: { $0.key < $1.key }) {
                if Set(entries.map(\.version)).count > 1 { return "\(policy) has two versions" }
                if Set(entries.map(\.language)).count < entries.count { return "\(policy) has a language twice" }
            }
            return nil
        }
    }
}

extension ValueType where Value == String {
    fileprivate static var opaqueIdentifier: ValueType {
        text("at most 255 letters, digits, -, ., _ or ~") { OpaqueIdentifier.isValid($0) ? $0 : nil }
    }

    /// Clients find the texts by it beside `version`, so it cannot be that word.
    fileprivate static var language: ValueType {
        text("a language like en or pt-BR") { text in
            let isTag = text.utf8.allSatisfy { byte in
                byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x2D || byte == 0x5F
            }
            return isTag && (2...35).contains(text.utf8.count) && text != "version" ? text : nil
        }
    }

    /// Where a link may lead: nowhere but to the web, and without anything that ends an attribute or a line.
    fileprivate static var webAddress: ValueType {
        text("an http or https URL") { text in
            let schemes = ["https://", "http://"]
            let isPlain =
                text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !text.contains { "\"<>\\^`{|}".contains($0) }
            return isPlain && text.utf8.count <= BaseURL.lengthLimit
                && schemes.contains { text.hasPrefix($0) && text.utf8.count > $0.utf8.count } ? text : nil
        }
    }
}
