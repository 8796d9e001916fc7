/// HTML, put together so that text of others cannot become markup: what is interpolated is escaped unless it is HTML itself.
///
///     let heading: HTML = "<h1>\(title)</h1>"
package struct HTML: Sendable, Hashable, ExpressibleByStringInterpolation {
    package let text: String

    package init(stringLiteral value: StaticString) { text = value.description }

    package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        package init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

        package mutating func appendLiteral(_ literal: StaticString) { text += literal.description }

        /// Text, for the content of an element or for an attribute in quotes.
        package mutating func appendInterpolation(_ value: String) {
            for character in value.unicodeScalars {
                switch character {
                case "&": text += "&amp;"
                case "<": text += "&lt;"
                case ">": text += "&gt;"
                case "\"": text += "&quot;"
                case "'": text += "&#39;"
                default: text.unicodeScalars.append(character)
                }
            }
        }

        package mutating func appendInterpolation(_ html: HTML) { text += html.text }

        package mutating func appendInterpolation(_ parts: [HTML]) { for part in parts { text += part.text } }

        /// Nothing when there is none.
        package mutating func appendInterpolation(_ html: HTML?) { text += html?.text ?? "" }
    }
}

/// A script that a page may run, or a style sheet that it may use: the page's policy names its digest, so that the browser takes
/// nothing else that got into the page. It is a literal, so nothing of a request can get into it.
package struct EmbeddedText: Sendable {
    let text: String
    /// As `Content-Security-Policy` spells it.
    let source: String

    package init(_ text: StaticString) {
        self.text = text.description
        source = "'sha256-\(PageDigest.of(self.text))'"
    }
}
