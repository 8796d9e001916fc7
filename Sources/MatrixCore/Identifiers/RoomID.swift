/// A room: `!opaque:server`, or, since room version 12, `!` and the hash of the create event.
///
/// - Spec: https://spec.matrix.org/v1.19/appendices/#room-ids
package struct RoomID: MatrixIdentifier {
    package let description: String

    package init?(_ text: String) {
        let opaque = text.utf8.dropFirst()
        if opaque.contains(UInt8(ascii: ":")) {
            guard IdentifierGrammar.split(text, sigil: UInt8(ascii: "!")) != nil else { return nil }
        } else {
            guard text.utf8.first == UInt8(ascii: "!"), opaque.count == EventID.hashLength,
                opaque.allSatisfy(IdentifierGrammar.isURLSafeBase64)
            else { return nil }
        }
        description = text
    }

    /// The room that `event` creates, in versions where that is what names a room. `nil` for an event id with a domain.
    package init?(createEvent event: EventID) {
        guard event.isHash else { return nil }
        self.init("!\(event.opaque)")
    }

    /// The server that the id names: the one that made the room, which may have left long ago. `nil` since version 12.
    package var serverName: ServerName? { IdentifierGrammar.serverName(of: description) }
    package var hasDomain: Bool { description.utf8.contains(UInt8(ascii: ":")) }
    /// What stands between the sigil and the colon or the end.
    package var localpart: String { IdentifierGrammar.localpart(of: description) }

    /// The id of the create event, for a room named by it. `nil` for an id with a domain.
    package var createEventID: EventID? { hasDomain ? nil : EventID("$\(localpart)") }
}
