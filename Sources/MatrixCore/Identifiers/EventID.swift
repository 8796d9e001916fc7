/// An event: `$opaque:server` in room versions 1 and 2, then `$` and a hash (standard base64 in version 3, URL-safe later).
///
/// Any id that some room version could have is accepted here; which of the forms a room has is for its version to check.
///
/// - Spec: https://spec.matrix.org/v1.19/appendices/#event-ids
package struct EventID: MatrixIdentifier {
    /// A SHA-256 hash in unpadded base64.
    package static let hashLength = 43

    package let description: String

    package init?(_ text: String) {
        let opaque = text.utf8.dropFirst()
        if opaque.contains(UInt8(ascii: ":")) {
            guard IdentifierGrammar.split(text, sigil: UInt8(ascii: "$")) != nil else { return nil }
        } else {
            guard text.utf8.first == UInt8(ascii: "$"), !opaque.isEmpty, opaque.count < IdentifierGrammar.longest,
                opaque.allSatisfy({
                    IdentifierGrammar.isURLSafeBase64($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/")
                })
            else { return nil }
        }
        description = text
    }

    /// The id of an event by its reference hash. `nil` unless it has the 32 bytes of a SHA-256.
    package init?(referenceHash: [UInt8], urlSafe: Bool) {
        guard referenceHash.count == 32 else { return nil }
        let text = urlSafe ? Base64.encodeURLSafe(referenceHash) : Base64.encode(referenceHash)
        description = "$\(text)"
    }

    /// What stands between the sigil and the colon or the end.
    package var opaque: String { IdentifierGrammar.localpart(of: description) }
    package var serverName: ServerName? { IdentifierGrammar.serverName(of: description) }
    package var hasDomain: Bool { description.utf8.contains(UInt8(ascii: ":")) }
    /// Whether it has the length of a hash and no domain (room versions 3 and later).
    package var isHash: Bool { description.utf8.count == Self.hashLength + 1 && !hasDomain }
    /// Whether it is a hash in the URL-safe alphabet (room versions 4 and later).
    package var isURLSafeHash: Bool {
        isHash && description.utf8.dropFirst().allSatisfy(IdentifierGrammar.isURLSafeBase64)
    }
}
