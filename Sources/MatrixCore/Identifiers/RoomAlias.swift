/// A name for a room: `#localpart:server`.
///
/// - Spec: https://spec.matrix.org/v1.19/appendices/#room-aliases
package struct RoomAlias: MatrixIdentifier {
    package let description: String

    package init?(_ text: String) {
        guard IdentifierGrammar.split(text, sigil: UInt8(ascii: "#")) != nil else { return nil }
        description = text
    }

    /// `nil` when the parts do not make an alias (a colon in the localpart, more than 255 bytes...).
    package init?(localpart: String, serverName: ServerName) {
        guard !localpart.utf8.contains(UInt8(ascii: ":")) else { return nil }
        self.init("#\(localpart):\(serverName)")
    }

    package var localpart: String { IdentifierGrammar.localpart(of: description) }
    /// Every alias has one.
    package var serverName: ServerName { IdentifierGrammar.serverName(of: description) ?? ServerName(unchecked: "") }

    /// Whether people can write and read it: its localpart is not empty, and holds neither white space nor control
    /// characters. Others must be accepted from elsewhere; none is made here.
    package var isUsable: Bool {
        let localpart = localpart.unicodeScalars
        return !localpart.isEmpty
            && localpart.allSatisfy { !$0.properties.isWhitespace && $0.properties.generalCategory != .control }
    }
}
