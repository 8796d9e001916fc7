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
    private var hasPrivilegedCreators: Bool { creation.version.authorization.hasPrivilegedCreators }
    /// Those who are trusted like the creator.
    private var trusted: [UserID] {
        preset == .trustedPrivateChat ? creation.invites.filter { $0 != creator.userID } : []
    }

    func beginning() throws -> RoomBeginning {
        RoomBeginning(
            version: creation.version, creator: creator, createContent: .object(createContent), drafts: try drafts(),
            alias: alias)
    }

    private var createContent: [String: JSONValue] {
        var content = RoomBeginning.createContent(
            creation.creationContent, version: creation.version, creator: creator)
        // In version 12 trust is given by making the invited creators too. What is no list stays, for the rules to refuse.
        let key = "additional_creators"
        if hasPrivilegedCreators, !trusted.isEmpty, content[key] == nil || content[key]?.array != nil {
            var creators = content[key]?.array ?? []
            var seen = Set(creators)
            for invited in trusted where seen.insert(.string(invited.description)).inserted {
                creators.append(.string(invited.description))
            }
            content[key] = .array(creators)
        }
        return content
    }

    private func drafts() throws -> [EventDraft] {
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
        // Power levels of the client's own come in their place too, so that the rest is judged by them.
        let levels = creation.initialState.last { $0.type == EventType.powerLevels && $0.stateKey.isEmpty }
        try add(EventType.powerLevels, levels?.content ?? .object(powerLevels))
        if let alias { try addDefault(EventType.canonicalAlias, ["alias": .string(alias.description)]) }
        try addDefault(EventType.joinRules, ["join_rule": preset == .publicChat ? "public" : "invite"])
        try addDefault(EventType.historyVisibility, ["history_visibility": "shared"])
        if preset != .publicChat { try addDefault(EventType.guestAccess, ["guest_access": "can_join"]) }
        for event in creation.initialState where StateKey(event.type, event.stateKey) != .powerLevels {
            try add(event.type, event.content, stateKey: event.stateKey)
        }
        if let name = creation.name { try add(EventType.name, ["name": .string(name)]) }
        if let topic = creation.topic { try add(EventType.topic, topicContent(topic)) }
        return drafts
    }

    private func topicContent(_ topic: String) -> JSONValue {
        ["topic": .string(topic), "m.topic": ["m.text": [["mimetype": "text/plain", "body": .string(topic)]]]]
    }

    private var powerLevels: [String: JSONValue] {
        var users: [String: JSONValue] = [:]
        if !hasPrivilegedCreators {
            for user in [creator.userID] + trusted { users[user.description] = 100 }
        }
        let levels = RoomBeginning.powerLevels(
            version: creation.version, users: users, isPublic: preset == .publicChat)
        return levels.merging(creation.powerLevels) { _, given in given }
    }
}
