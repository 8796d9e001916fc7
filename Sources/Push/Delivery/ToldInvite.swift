import MatrixCore
import Rooms

/// An invite to a room that we are not in, with what its sender tells of the room.
struct ToldInvite {
    let event: JSONView
    let eventID: EventID
    let sender: UserID
    let content: JSONView
    private let state: [JSONView]

    /// - Parameters:
    ///   - told: the stripped state that is kept beside the membership.
    /// - Returns: `nil` when it holds no invite of the user.
    init?(_ told: [UInt8], of user: UserID) {
        guard let state = (try? JSONDocument(parsing: told))?.root.array else { return nil }
        self.state = Array(state)
        guard let event = Self.find(EventType.member, user.description, in: self.state),
            let eventID = event[StrippedState.idMember]?.string.flatMap({ EventID($0) }),
            let sender = event["sender"]?.string.flatMap({ UserID($0) }), let content = event["content"]
        else { return nil }
        self.event = event
        self.eventID = eventID
        self.sender = sender
        self.content = content
    }

    var roomName: String? { find(EventType.name)?["content"]?["name"]?.string }
    var roomAlias: String? { find(EventType.canonicalAlias)?["content"]?["alias"]?.string }

    func displayName(of user: UserID) -> String? {
        Self.find(EventType.member, user.description, in: state)?["content"]?["displayname"]?.string
    }

    private func find(_ type: String) -> JSONView? { Self.find(type, "", in: state) }

    private static func find(_ type: String, _ key: String, in state: [JSONView]) -> JSONView? {
        state.first { $0["type"]?.stringEquals(type) == true && $0["state_key"]?.stringEquals(key) == true }
    }
}
