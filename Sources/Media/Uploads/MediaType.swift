/// A content type as an uploader gave it, when it has the form of one.
///
/// - Spec: https://www.rfc-editor.org/rfc/rfc9110#section-8.3
package struct MediaType: Hashable, Sendable, CustomStringConvertible {
    /// Longer ones are nobody's.
    private static let maxBytes = 255
    private static let fallback = "application/octet-stream"

    /// What browsers show without running anything in it.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#serving-inline-content
    private static let inlineTypes: Set<String> = [
        "text/css", "text/plain", "text/csv", "application/json", "application/ld+json", "image/jpeg", "image/gif",
        "image/png", "image/apng", "image/webp", "image/avif", "video/mp4", "video/webm", "video/ogg",
        "video/quicktime", "audio/mp4", "audio/webm", "audio/aac", "audio/mpeg", "audio/ogg", "audio/wave",
        "audio/wav", "audio/x-wav", "audio/x-pn-wav", "audio/flac", "audio/x-flac",
    ]

    package let description: String

    /// What the header says, or that nothing is known when it says nothing sensible.
    package init(_ header: String?) {
        description = header.flatMap { Self.isValid($0) ? $0 : nil } ?? Self.fallback
    }

    /// The type without its parameters, in lower case.
    package var essence: String {
        String(description.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }).lowercased()
    }

    package var mayBeShownInline: Bool { Self.inlineTypes.contains(essence) }

    /// Two tokens with a slash between, and parameters that cannot end the header.
    private static func isValid(_ text: String) -> Bool {
        guard text.utf8.count <= maxBytes, text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else { return false }
        let parts = text.utf8.prefix { $0 != UInt8(ascii: ";") }
            .split(separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return false }
        let subtype = String(Substring(parts[1])).utf8.reversed().drop { $0 == UInt8(ascii: " ") }
        return !parts[0].isEmpty && parts[0].allSatisfy(isToken) && !subtype.isEmpty && subtype.allSatisfy(isToken)
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
