package import MatrixCore

/// What those who are not in a room are told of it, if they may know of it at all.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1room_summaryroomidoralias
package struct RoomSummary: Sendable, Equatable {
    package let roomID: RoomID
    package var members: Int
    package var name: String?
    package var topic: String?
    package var avatarURL: String?
    package var canonicalAlias: String?
    package var type: String?
    /// Public when it is missing.
    package var joinRule: String?
    package var isWorldReadable = false
    package var allowsGuests = false
    /// The rooms whose members may join, where the join rule is of that kind.
    package var allowedRooms: [RoomID] = []
    /// The algorithm.
    package var encryption: String?
    package var version: String?

    package init(roomID: RoomID, members: Int) {
        self.roomID = roomID
        self.members = members
    }

    package var isSpace: Bool { type == "m.space" }

    /// Whether anybody may know of the room: they may look into it, come in, or ask to be let in.
    package var isOpen: Bool { isWorldReadable || mayBeEntered }

    /// Whether anybody who is not banned may come in, or ask to be let in.
    ///
    /// Of a room whose version is not told it is assumed that its join rule is one of the version's.
    package var mayBeEntered: Bool {
        let rules = version.flatMap { RoomVersion($0) }?.authorization
        return switch joinRule {
        case "public", nil: true
        case "knock": rules?.allowsKnocking ?? true
        case "knock_restricted": rules?.allowsKnockRestrictedJoins ?? true
        default: false
        }
    }

    /// Writes the members of the object.
    ///
    /// - Parameter isPublished: for a list of public rooms, which tells less.
    package func writeMembers(to json: inout JSONWriter, isPublished: Bool = false) {
        json.field(optional: "avatar_url", avatarURL)
        json.field(optional: "canonical_alias", canonicalAlias)
        json.field("guest_can_join", allowsGuests)
        json.field(optional: "join_rule", joinRule)
        json.field(optional: "name", name)
        json.field("num_joined_members", members)
        json.field("room_id", roomID)
        json.field(optional: "room_type", type)
        json.field(optional: "topic", topic)
        json.field("world_readable", isWorldReadable)
        if isPublished { return }
        if !allowedRooms.isEmpty { json.field("allowed_room_ids", strings: allowedRooms.map(\.description)) }
        json.field(optional: "encryption", encryption)
        json.field(optional: "room_version", version)
    }
}
