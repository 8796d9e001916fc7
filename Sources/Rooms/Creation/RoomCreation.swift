package import MatrixCore
import Storage

/// What a client asks for when it creates a room.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom
package struct RoomCreation: Sendable {
    package enum Preset: String, Sendable {
        case privateChat = "private_chat"
        case publicChat = "public_chat"
        case trustedPrivateChat = "trusted_private_chat"
    }

    package struct StateEvent: Sendable {
        package let type: String
        package let stateKey: String
        package let content: JSONValue

        package init(type: String, stateKey: String, content: JSONValue) {
            self.type = type
            self.stateKey = stateKey
            self.content = content
        }
    }

    package var version: RoomVersion
    package var isPublished = false
    package var preset: Preset?
    package var aliasLocalpart: String?
    package var name: String?
    package var topic: String?
    package var invites: [UserID] = []
    package var creationContent: [String: JSONValue] = [:]
    package var initialState: [StateEvent] = []
    package var powerLevels: [String: JSONValue] = [:]
    package var isDirect = false

    package init(version: RoomVersion) { self.version = version }
}

/// The first events of a room, in the order that the specification gives.
struct RoomFoundation {
    let creation: RoomCreation
    let creator: UserRecord
    let profile: MemberProfile
    /// The alias that was reserved for the room.
    let alias: RoomAlias?

    private var preset: RoomCreation.Preset { creation.preset ?? (creation.isPublished ? .publicChat : .privateChat) }

    /// The content of the create event.
    var createContent: JSONValue {
        var content = creation.creationContent
        content["room_version"] = .string(creation.version.identifier)
        if creation.version.authorization.hasPrivilegedCreators {
            content["creator"] = nil
            if preset == .trustedPrivateChat { content["additional_creators"] = .array(additionalCreators) }
        } else if !creation.version.authorization.creatorIsSender {
            content["creator"] = .string(creator.userID.description)
        }
        return .object(content)
    }

    /// In version 12 trust is given by making the invited creators too.
    private var additionalCreators: [JSONValue] {
        var creators = creation.creationContent["additional_creators"]?.array ?? []
        for invited in creation.invites where !creators.contains(.string(invited.description)) {
            creators.append(.string(invited.description))
        }
        return creators
    }

    func drafts() throws -> [EventDraft] {
        var drafts: [EventDraft] = []
        func add(_ type: String, _ content: JSONValue, stateKey: String = "") throws {
            drafts.append(try EventDraft(sender: creator, type: type, stateKey: stateKey, content: content))
        }
        // An initial state event replaces what the preset would have set.
        let given = Set(creation.initialState.map { StateKey($0.type, $0.stateKey) })
        func addDefault(_ type: String, _ content: JSONValue) throws {
            if !given.contains(StateKey(type)) { try add(type, content) }
        }
        try add(EventType.member, .object(profile.content(.join)), stateKey: creator.userID.description)
        try addDefault(EventType.powerLevels, powerLevels)
        if let alias { try addDefault(EventType.canonicalAlias, ["alias": .string(alias.description)]) }
        try addDefault(EventType.joinRules, ["join_rule": preset == .publicChat ? "public" : "invite"])
        try addDefault(EventType.historyVisibility, ["history_visibility": "shared"])
        if preset != .publicChat { try addDefault(EventType.guestAccess, ["guest_access": "can_join"]) }
        for event in creation.initialState { try add(event.type, event.content, stateKey: event.stateKey) }
        if let name = creation.name { try add(EventType.name, ["name": .string(name)]) }
        if let topic = creation.topic { try add(EventType.topic, topicContent(topic)) }
        return drafts
    }

    private func topicContent(_ topic: String) -> JSONValue {
        ["topic": .string(topic), "m.topic": ["m.text": [["mimetype": "text/plain", "body": .string(topic)]]]]
    }

    private var powerLevels: JSONValue {
        var users: [String: JSONValue] = [:]
        if !creation.version.authorization.hasPrivilegedCreators {
            users[creator.userID.description] = 100
            if preset == .trustedPrivateChat {
                for invited in creation.invites { users[invited.description] = 100 }
            }
        }
        // Nobody but the creators may end a room of version 12 by a tombstone.
        let tombstone: JSONValue = creation.version.authorization.hasPrivilegedCreators ? 150 : 100
        var content: [String: JSONValue] = [
            "users": .object(users), "users_default": 0, "events_default": 0, "state_default": 50, "ban": 50,
            "kick": 50,
            "redact": 50, "invite": 0, "historical": 100,
            "events": [
                "m.room.name": 50, "m.room.power_levels": 100, "m.room.history_visibility": 100,
                "m.room.canonical_alias": 50, "m.room.avatar": 50, "m.room.tombstone": tombstone,
                "m.room.server_acl": 100, "m.room.encryption": 100,
            ],
        ]
        content.merge(creation.powerLevels) { _, given in given }
        return .object(content)
    }
}
