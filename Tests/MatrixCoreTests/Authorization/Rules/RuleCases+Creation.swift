import MatrixCore

private let creator = AuthScene.creator
private let bob = AuthScene.bob

extension AuthScene {
    /// Content with which a create event of the version is allowed, with some members replaced.
    fileprivate func creation(_ changes: [String: JSONValue?] = [:]) -> JSONValue {
        var content: JSONValue = ["room_version": .string(version.identifier), "creator": .string(Self.creator)]
        for (key, value) in changes { content[key] = value }
        return content
    }

    fileprivate mutating func creating(
        _ changes: [String: JSONValue?] = [:], by sender: String = Self.creator, after: [Event] = []
    ) throws -> Event {
        try factory.make(EventType.create, stateKey: "", sender: sender, content: creation(changes), prev: after)
    }
}

extension RuleCase {
    static let createRules: [RuleCase] = [
        .refuse(.createFollowsNothing, "after another event") { try $0.creating(after: [$0.create]) },
        .refuse(.createRoom, "in a room of another server", in: 1...11) { try $0.creating(by: bob) },
        .refuse(.createRoom, "with a room id", in: 12...12) {
            // As state it would be no event at all.
            let builder = try EventBuilder(
                version: $0.version, roomID: $0.create.roomID, type: EventType.create, sender: $0.create.sender,
                content: $0.creation())
            return try builder.signed(by: $0.create.sender.serverName, with: EventFactory.key)
        },
        .refuse(.createVersion, "a version that nobody knows") { try $0.creating(["room_version": "99"]) },
        .refuse(.createVersion, "a version that is another one's") {
            try $0.creating(["room_version": $0.version == .v9 ? "8" : "9"])
        },
        .refuse(.createVersion, "a version that is a number") { try $0.creating(["room_version": 1]) },
        .refuse(.createVersion, "a version that is null") { try $0.creating(["room_version": .null]) },
        .refuse(.createVersion, "no version, which means 1", in: 2...12) { try $0.creating(["room_version": nil]) },
        .allow(.createVersion, "no version, which means 1", in: 1...1) { try $0.creating(["room_version": nil]) },
        .refuse(.createCreator, "nobody is named as creator") { try $0.creating(["creator": nil]) },
        .allow(.createCreator, "somebody else is named as creator") { try $0.creating(["creator": .string(bob)]) },
        .refuse(.createAdditional, "additional creators are no array") {
            try $0.creating(["additional_creators": .string(bob)])
        },
        .refuse(.createAdditional, "additional creators are null") { try $0.creating(["additional_creators": .null]) },
        .refuse(.createAdditional, "one of the additional creators is a number") {
            try $0.creating(["additional_creators": [.string(bob), 1]])
        },
        .refuse(.createAdditional, "one of the additional creators has no server") {
            try $0.creating(["additional_creators": ["@bob"]])
        },
        .refuse(.createAdditional, "one of the additional creators is too long") {
            try $0.creating(["additional_creators": [.string("@\(String(repeating: "a", count: 251)):b.c")]])
        },
        .allow(.createAdditional, "none") { try $0.creating(["additional_creators": []]) },
        .allow(.createAdditional, "users, one of them twice") {
            try $0.creating(["additional_creators": [.string(bob), .string(creator), .string(bob)]])
        },
        .allow(.createOtherwise, "with all that it needs") { try $0.creating() },
        .allow(.createOtherwise, "without a creator", in: 11...12) { try $0.creating(["creator": nil]) },
        .allow(.createOtherwise, "additional creators mean nothing yet", in: 1...11) {
            try $0.creating(["additional_creators": 7])
        },
    ]
}
