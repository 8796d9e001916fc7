/// The name of a signing key: `ed25519:auto`, an algorithm and a version that its owner chose.
///
/// - Spec: https://spec.matrix.org/v1.19/appendices/#signing-details
package struct SigningKeyID: MatrixIdentifier {
    /// The only algorithm there is so far.
    package static let ed25519 = "ed25519"

    package let description: String

    /// - Parameter text: an algorithm of `a-z 0-9 _`, a colon, and a version of printable ASCII. Servers use only letters,
    ///   digits and `_` in versions (`isServerKey`); devices and cross-signing put device ids and base64 there.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard bytes.count <= IdentifierGrammar.longest, let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
            return nil
        }
        let algorithm = bytes[..<colon]
        let version = bytes[bytes.index(after: colon)...]
        guard !algorithm.isEmpty, !version.isEmpty,
            algorithm.allSatisfy({
                IdentifierGrammar.isLowercase($0) || IdentifierGrammar.isDigit($0) || $0 == UInt8(ascii: "_")
            }),
            version.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        description = text
    }

    package var algorithm: String { String(description[..<colon]) }
    package var version: String { String(description[description.utf8.index(after: colon)...]) }
    package var isEd25519: Bool { algorithm == Self.ed25519 }

    /// Whether the version has the form that keys of servers have.
    package var isServerKey: Bool {
        version.utf8.allSatisfy { IdentifierGrammar.isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
    }

    private var colon: String.Index {
        description.utf8.firstIndex(of: UInt8(ascii: ":")) ?? description.utf8.startIndex
    }
}
