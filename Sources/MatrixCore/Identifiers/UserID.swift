/// A user: `@localpart:server`.
///
/// Made from any id that a server must accept from elsewhere, the historical ones included; ids for new users of ours are
/// held to `isStrict`.
///
/// - Spec: https://spec.matrix.org/v1.19/appendices/#user-identifiers
package struct UserID: MatrixIdentifier {
    package let description: String

    package init?(_ text: String) {
        guard IdentifierGrammar.split(text, sigil: UInt8(ascii: "@")) != nil else { return nil }
        description = text
    }

    /// `nil` when the parts do not make a user id (a colon in the localpart, more than 255 bytes...).
    package init?(localpart: String, serverName: ServerName) {
        guard !localpart.utf8.contains(UInt8(ascii: ":")) else { return nil }
        self.init("@\(localpart):\(serverName)")
    }

    package var localpart: String { IdentifierGrammar.localpart(of: description) }
    /// Every user id has one.
    package var serverName: ServerName { IdentifierGrammar.serverName(of: description) ?? ServerName(unchecked: "") }

    /// Whether the localpart follows the grammar for new ids.
    package var isStrict: Bool { Self.isStrictLocalpart(localpart) }

    /// Whether the localpart is not empty and all printable ASCII. Others must be accepted in events, but are not shown to
    /// clients outside of events.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/appendices/#historical-user-ids
    package var isCompliant: Bool {
        let localpart = localpart.utf8
        return !localpart.isEmpty && localpart.allSatisfy { $0 >= 0x21 && $0 <= 0x7E }
    }

    /// One or more of `a-z 0-9 . _ = - / +`.
    package static func isStrictLocalpart(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                if IdentifierGrammar.isLowercase(byte) || IdentifierGrammar.isDigit(byte) { return true }
                switch byte {
                case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "="), UInt8(ascii: "-"), UInt8(ascii: "/"),
                    UInt8(ascii: "+"):
                    return true
                default: return false
                }
            }
    }
}
