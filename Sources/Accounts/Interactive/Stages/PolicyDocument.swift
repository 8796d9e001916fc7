import MatrixCore

/// A document that new users must accept, in its present version.
package struct PolicyDocument: Sendable, Hashable {
    package struct Translation: Sendable, Hashable {
        package let language: String
        package let name: String
        package let url: String

        package init(language: String, name: String, url: String) {
            self.language = language
            self.name = name
            self.url = url
        }
    }

    package let id: String
    package let version: String
    /// One for each language, at least one.
    package let translations: [Translation]

    package init(id: String, version: String, translations: [Translation]) {
        self.id = id
        self.version = version
        self.translations = translations
    }

    /// Document and version in one text. Neither has spaces in it.
    package var key: String { "\(id) \(version)" }

    /// The translation for somebody who prefers these languages, the best first; else the first there is.
    package func translation(for languages: [String]) -> Translation? {
        for language in languages {
            let wanted = language.lowercased()
            if let exact = translations.first(where: { Self.normalised($0.language) == wanted }) { return exact }
            let primary = wanted.prefix { $0 != "-" }
            if let near = translations.first(where: { Self.normalised($0.language).prefix { $0 != "-" } == primary }) {
                return near
            }
        }
        return translations.first
    }

    /// Some write `en_US` for `en-US`.
    private static func normalised(_ language: String) -> String {
        String(language.lowercased().map { $0 == "_" ? "-" : $0 })
    }

    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#definition-mloginterms-params
    var json: JSONValue {
        var members: [String: JSONValue] = [:]
        for translation in translations {
            members[translation.language] = ["name": .string(translation.name), "url": .string(translation.url)]
        }
        members["version"] = .string(version)
        return .object(members)
    }
}
