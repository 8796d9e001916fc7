package import MatrixCore

/// How clients name a room that they want to get into.
package enum RoomIDOrAlias: Sendable {
    case id(RoomID)
    case alias(RoomAlias)

    init?(_ text: String) {
        if let id = RoomID(text) {
            self = .id(id)
        } else if let alias = RoomAlias(text) {
            self = .alias(alias)
        } else {
            return nil
        }
    }
}
