import MatrixCore
import Storage

/// How a room begins: its create event, and what is written together with it.
struct RoomBeginning: Sendable {
    let version: RoomVersion
    let creator: UserRecord
    /// Of the create event.
    let createContent: JSONValue
    /// In order: the creator's join is the first.
    let drafts: [EventDraft]
    /// The alias that is to be reserved for the room.
    var alias: RoomAlias?
    /// The room's id, when it had to be known before; only in versions that leave it to us.
    var roomID: RoomID?

    /// The content of a create event.
    ///
    /// - Parameter given: what it says besides what the server says itself.
    static func createContent(
        _ given: [String: JSONValue], version: RoomVersion, creator: UserRecord
    ) -> [String: JSONValue] {
        var content = given
        content["room_version"] = .string(version.identifier)
        // v11: the creator is the sender.
        content["creator"] = version.authorization.creatorIsSender ? nil : .string(creator.userID.description)
        return content
    }

    /// The power levels of a new room.
    ///
    /// - Parameters:
    ///   - users: by id; without creators in versions that set these above all levels.
    ///   - isPublic: whether everybody may come in: then only moderators invite and call.
    static func powerLevels(
        version: RoomVersion, users: [String: JSONValue], isPublic: Bool
    ) -> [String: JSONValue] {
        var events: [String: JSONValue] = [
            EventType.name: 50, EventType.powerLevels: 100, EventType.historyVisibility: 100,
            EventType.canonicalAlias: 50, EventType.avatar: 50, EventType.serverACL: 100, EventType.encryption: 100,
            // v12: nobody but the creators may end a room.
            EventType.tombstone: version.authorization.hasPrivilegedCreators ? 150 : 100,
        ]
        if isPublic { events["m.call.invite"] = 50 }
        return [
            "users": .object(users), "users_default": 0, "events": .object(events), "events_default": 0,
            "state_default": 50, "ban": 50, "kick": 50, "redact": 50, "invite": isPublic ? 50 : 0, "historical": 100,
        ]
    }
}
