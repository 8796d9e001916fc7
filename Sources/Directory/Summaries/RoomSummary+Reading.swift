package import MatrixCore

/// Where summaries come from: the state of a room, and other servers. Both may have been written by anybody, so texts are
/// cut and lists bounded: a list of rooms is held in memory and sent a hundred at a time.
extension RoomSummary {
    private static var maxNameBytes: Int { 512 }
    private static var maxTopicBytes: Int { 4_096 }
    private static var maxAllowedRooms: Int { 100 }

    /// The types of state that it is made of.
    static var stateTypes: [String] {
        [
            EventType.create, EventType.name, EventType.topic, EventType.avatar, EventType.canonicalAlias,
            EventType.joinRules, EventType.historyVisibility, EventType.guestAccess, EventType.encryption,
        ]
    }

    /// - Parameter state: the contents of the state events by type, as they are shown.
    init(roomID: RoomID, version: String, members: Int, state: [String: JSONView]) {
        self.init(roomID: roomID, members: members)
        self.version = version
        name = Self.text(state[EventType.name]?["name"], Self.maxNameBytes)
        topic = Self.topic(state[EventType.topic])
        avatarURL = Self.whole(state[EventType.avatar]?["url"])
        canonicalAlias = Self.whole(state[EventType.canonicalAlias]?["alias"])
        type = Self.whole(state[EventType.create]?["type"])
        // Where nothing is said nobody comes in without an invite.
        joinRule = Self.whole(state[EventType.joinRules]?["join_rule"]) ?? "invite"
        isWorldReadable =
            state[EventType.historyVisibility]?["history_visibility"]?.stringEquals("world_readable") == true
        allowsGuests = state[EventType.guestAccess]?["guest_access"]?.stringEquals("can_join") == true
        encryption = Self.whole(state[EventType.encryption]?["algorithm"])
        if let rules = RoomVersion(version)?.authorization, isRestricted(rules) {
            let conditions = state[EventType.joinRules]?["allow"]?.array?.prefix(Self.maxAllowedRooms)
            allowedRooms =
                conditions?.compactMap { condition in
                    guard condition["type"]?.stringEquals("m.room_membership") == true else { return nil }
                    return condition["room_id"]?.string.flatMap { RoomID($0) }
                } ?? []
        }
    }

    private func isRestricted(_ rules: AuthorizationSwitches) -> Bool {
        switch joinRule {
        case "restricted": rules.allowsRestrictedJoins
        case "knock_restricted": rules.allowsKnockRestrictedJoins
        default: false
        }
    }

    /// What another server tells of a room; `nil` when it is nothing that could be one.
    package init?(told json: JSONView) {
        guard let roomID = json["room_id"]?.string.flatMap({ RoomID($0) }) else { return nil }
        self.init(roomID: roomID, members: Int(clamping: max(json["num_joined_members"]?.int ?? 0, 0)))
        name = Self.text(json["name"], Self.maxNameBytes)
        topic = Self.text(json["topic"], Self.maxTopicBytes)
        avatarURL = Self.whole(json["avatar_url"])
        canonicalAlias = Self.whole(json["canonical_alias"])
        type = Self.whole(json["room_type"])
        joinRule = Self.whole(json["join_rule"])
        isWorldReadable = json["world_readable"]?.bool ?? false
        allowsGuests = json["guest_can_join"]?.bool ?? false
        encryption = Self.whole(json["encryption"])
        version = Self.whole(json["room_version"])
        let allowed = json["allowed_room_ids"]?.array?.prefix(Self.maxAllowedRooms)
        allowedRooms = allowed?.compactMap { $0.string.flatMap { RoomID($0) } } ?? []
    }

    /// The plain text of a topic.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#mroomtopic
    private static func topic(_ content: JSONView?) -> String? {
        let plain = content?["m.topic"]?["m.text"]?.array?.first { representation in
            representation["mimetype"].map { $0.stringEquals("text/plain") } ?? true
        }
        return text(plain?["body"], maxTopicBytes) ?? text(content?["topic"], maxTopicBytes)
    }

    /// A text for people, cut where it is too long.
    private static func text(_ value: JSONView?, _ maxBytes: Int) -> String? {
        guard let text = value?.string, text.utf8.count > maxBytes else { return value?.string }
        var cut = text.utf8.index(text.utf8.startIndex, offsetBy: maxBytes)
        while cut > text.startIndex, cut.samePosition(in: text.unicodeScalars) == nil {
            cut = text.utf8.index(before: cut)
        }
        return String(text[..<cut])
    }

    /// A text for programs, which is of no use when it is not whole.
    private static func whole(_ value: JSONView?) -> String? {
        guard let text = value?.string, text.utf8.count <= maxNameBytes else { return nil }
        return text
    }
}
