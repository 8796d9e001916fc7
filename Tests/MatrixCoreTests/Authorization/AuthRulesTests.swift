import MatrixCore
import Testing

@Suite struct AuthRulesTests {
    private static let alice = AuthScene.alice
    private static let bob = AuthScene.bob
    private static let moderator = AuthScene.moderator
    private static let creator = AuthScene.creator

    @Test(arguments: createCases) func rule1CreateEvents(_ entry: AuthCase) throws {
        #expect(try entry.verdict().refusal?.rule == entry.refusedBy)
    }

    private static func create(
        _ name: String, _ version: RoomVersion = .v12, content: JSONValue, sender: String = creator,
        refusedBy: String? = nil, hasPrev: Bool = false
    ) -> AuthCase {
        AuthCase(name, version, refusedBy: refusedBy) {
            try $0.factory.make(
                EventType.create, stateKey: "", sender: sender, content: content, prev: hasPrev ? [$0.create] : [])
        }
    }

    private static let createCases: [AuthCase] = [
        create("v12", content: ["room_version": "12"]),
        create("v11", .v11, content: ["room_version": "11"]),
        create("v10", .v10, content: ["room_version": "10", "creator": "@a:b"]),
        create("with previous events", content: ["room_version": "12"], refusedBy: "1.1", hasPrev: true),
        create("room of another server", .v11, content: ["room_version": "11"], sender: bob, refusedBy: "1.2"),
        create("unknown version", content: ["room_version": "99"], refusedBy: "1.3"),
        create("version is no string", content: ["room_version": 12], refusedBy: "1.3"),
        create("no version, which means 1", content: [:], refusedBy: "1.3"),
        create("no creator", .v10, content: ["room_version": "10"], refusedBy: "1.4 (v1-v10)"),
        create("additional creators", content: ["room_version": "12", "additional_creators": ["@a:b.c", "@B:d.e"]]),
        create(
            "additional creators are no array", content: ["room_version": "12", "additional_creators": "@a:b.c"],
            refusedBy: "1.4"),
        create(
            "additional creator is no user", content: ["room_version": "12", "additional_creators": ["a"]],
            refusedBy: "1.4"),
        create(
            "additional creator is a number", content: ["room_version": "12", "additional_creators": [1]],
            refusedBy: "1.4"),
        create(
            "additional creators mean nothing in v11", .v11, content: ["room_version": "11", "additional_creators": 7]),
    ]

    @Test(arguments: stateCases) func rules4To9AgainstAState(_ entry: AuthCase) throws {
        #expect(try entry.verdict().refusal?.rule == entry.refusedBy)
    }

    private static let stateCases: [AuthCase] = [
        AuthCase("no create event", refusedBy: "2") {
            $0.state = AuthStateMap()
            return try $0.factory.make("m.room.message")
        },
        AuthCase("a room that does not federate", refusedBy: "4", create: ["m.federate": false]) {
            try $0.join(bob)
            return try $0.factory.make("m.room.message", sender: bob)
        },
        AuthCase("a room that does not federate, own server", create: ["m.federate": false]) {
            try $0.factory.make("m.room.message")
        },
        AuthCase("a room that federates in words only", create: ["m.federate": "false"]) {
            try $0.join(bob)
            return try $0.factory.make("m.room.message", sender: bob)
        },
        AuthCase("aliases of the own server, v5", .v5) {
            try $0.factory.make(EventType.aliases, stateKey: "two.example", sender: bob)
        },
        AuthCase("aliases of another server, v5", .v5, refusedBy: "4.2 (v1-v5)") {
            try $0.factory.make(EventType.aliases, stateKey: "one.example", sender: bob)
        },
        AuthCase("aliases without a state key, v5", .v5, refusedBy: "4.1 (v1-v5)") {
            try $0.factory.make(EventType.aliases, sender: bob)
        },
        AuthCase("aliases from outside, v6", .v6, refusedBy: "6") {
            try $0.factory.make(EventType.aliases, stateKey: "two.example", sender: bob)
        },
        AuthCase("from outside", refusedBy: "6") { try $0.factory.make("m.room.message", sender: alice) },
        AuthCase("invited is outside", refusedBy: "6") {
            try $0.set(alice, "invite")
            return try $0.factory.make("m.room.message", sender: alice)
        },
        AuthCase("message of a member") {
            try $0.join(alice)
            return try $0.factory.make("m.room.message", sender: alice)
        },
        AuthCase("third-party invitation", refusedBy: "7.1") {
            try $0.setPowerLevels(["invite": 60])
            return try $0.factory.make(EventType.thirdPartyInvite, stateKey: "t", sender: moderator)
        },
        AuthCase("third-party invitation needs no power for its type") {
            try $0.join(alice)
            return try $0.factory.make(EventType.thirdPartyInvite, stateKey: "t", sender: alice)
        },
        AuthCase("state without power", refusedBy: "8") {
            try $0.join(alice)
            return try $0.factory.make("m.room.topic", stateKey: "", sender: alice)
        },
        AuthCase("state with power") { try $0.factory.make("m.room.topic", stateKey: "", sender: moderator) },
        AuthCase("state in a room without power levels", refusedBy: "8", hasPowerLevels: false) {
            try $0.factory.make("m.room.topic", stateKey: "", sender: moderator)
        },
        AuthCase("type with a level of its own", refusedBy: "8") {
            try $0.setPowerLevels(["events": ["m.room.topic": 51]])
            return try $0.factory.make("m.room.topic", stateKey: "", sender: moderator)
        },
        AuthCase("messages with a default of their own", refusedBy: "8") {
            try $0.setPowerLevels(["events_default": 51])
            return try $0.factory.make("m.room.message", sender: moderator)
        },
        AuthCase("levels as strings, v9", .v9, refusedBy: "8") {
            try $0.setPowerLevels(["events_default": " +051 "])
            return try $0.factory.make("m.room.message", sender: moderator)
        },
        AuthCase("fractions lose what is behind the point, v5", .v5) {
            try $0.setPowerLevels(["events_default": 50.9])
            return try $0.factory.make("m.room.message", sender: moderator)
        },
        AuthCase("another user's state key", refusedBy: "9") {
            try $0.factory.make("org.example.x", stateKey: alice, sender: moderator)
        },
        AuthCase("own state key") { try $0.factory.make("org.example.x", stateKey: moderator, sender: moderator) },
        AuthCase("creator with negative defaults") {
            try $0.setPowerLevels(["events_default": 9_007_199_254_740_991, "users_default": -5])
            return try $0.factory.make("m.room.message")
        },
        AuthCase("additional creator", create: ["additional_creators": [.string(bob)]]) {
            try $0.join(bob)
            try $0.setPowerLevels(["events_default": 9_007_199_254_740_991])
            return try $0.factory.make("m.room.message", sender: bob)
        },
        AuthCase(
            "additional creators mean nothing in v11", .v11, refusedBy: "8",
            create: ["additional_creators": [.string(bob)]]
        ) {
            try $0.join(bob)
            return try $0.factory.make("m.room.topic", stateKey: "", sender: bob)
        },
        AuthCase("redaction of another server's event, v2", .v2, refusedBy: "11.3 (v1-v2)") {
            try $0.join(bob)
            return try $0.factory.make(EventType.redaction, sender: bob, content: ["redacts": "$x:one.example"])
        },
        AuthCase("redaction of an own event, v2", .v2) {
            try $0.join(bob)
            return try $0.factory.make(EventType.redaction, sender: bob, content: ["redacts": "$x:two.example"])
        },
        AuthCase("redaction by a moderator, v2", .v2) {
            try $0.factory.make(EventType.redaction, sender: moderator, content: ["redacts": "$x:two.example"])
        },
        AuthCase("redaction of anything, v12") {
            try $0.join(bob)
            return try $0.factory.make(EventType.redaction, sender: bob, content: ["redacts": "$x"])
        },
    ]
}
