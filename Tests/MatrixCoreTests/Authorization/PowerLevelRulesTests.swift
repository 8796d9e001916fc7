import MatrixCore
import Testing

@Suite struct PowerLevelRulesTests {
    private static let alice = AuthScene.alice
    private static let bob = AuthScene.bob
    private static let moderator = AuthScene.moderator
    private static let creator = AuthScene.creator
    private static let largest: JSONValue = 9_007_199_254_740_991

    @Test(arguments: forms + changes) func rule10PowerLevels(_ entry: AuthCase) throws {
        #expect(try entry.verdict().refusal?.rule == entry.refusedBy)
    }

    /// A change by the creator.
    private static func form(
        _ name: String, _ version: RoomVersion = .v12, to content: JSONValue, refusedBy: String? = nil,
        create: JSONValue = [:]
    ) -> AuthCase {
        AuthCase(name, version, refusedBy: refusedBy, create: create) {
            try $0.factory.make(EventType.powerLevels, stateKey: "", content: $0.levels(content))
        }
    }

    private static let forms: [AuthCase] = [
        form("usual", to: [:]),
        form("ban is a string", to: ["ban": "50"], refusedBy: "10.1"),
        form("ban is a string, v9", .v9, to: ["ban": "50"]),
        form("ban is no number, v9", .v9, to: ["ban": "x"], refusedBy: "10.1"),
        form("a level in events is null, v5", .v5, to: ["events": ["m.a": .null]], refusedBy: "10.2"),
        form("redact is null", to: ["redact": .null], refusedBy: "10.1"),
        form("events is an array", to: ["events": []], refusedBy: "10.2"),
        form("a level in events is a string", to: ["events": ["m.a": "1"]], refusedBy: "10.2"),
        form("a level in notifications is a string", to: ["notifications": ["room": "1"]], refusedBy: "10.2"),
        form("a level in notifications is a string, v9", .v9, to: ["notifications": ["room": "1"]]),
        form("users is an array", to: ["users": []], refusedBy: "10.3"),
        form("users has no user", to: ["users": ["alice": 5]], refusedBy: "10.3"),
        form("a user's level is a string", to: ["users": [alice: "5"]], refusedBy: "10.3"),
        form("a user's level is a string, v9", .v9, to: ["users": [alice: "5", creator: 100, moderator: 50]]),
        form("a user's level is no number, v9", .v9, to: ["users": [alice: "five"]], refusedBy: "10.3"),
        form("the creator has a level", to: ["users": [creator: 100]], refusedBy: "10.4"),
        form(
            "an additional creator has a level", to: ["users": [bob: 1]], refusedBy: "10.4",
            create: ["additional_creators": [.string(bob)]]),
        form(
            "a creator's level may be anything",
            to: ["users": [alice: largest], "ban": largest]),
    ]

    /// A change by the moderator, who has 50 and may set power levels.
    private static func change(
        _ name: String, _ version: RoomVersion = .v12, from old: JSONValue = [:], to new: JSONValue,
        refusedBy: String? = nil
    ) -> AuthCase {
        AuthCase(name, version, refusedBy: refusedBy) {
            try $0.setPowerLevels(old)
            let content = $0.levels(new)
            return try $0.factory.make(EventType.powerLevels, stateKey: "", sender: moderator, content: content)
        }
    }

    private static let changes: [AuthCase] = [
        change("nothing", to: [:]),
        change("a default up to the own level", to: ["events_default": 50]),
        change("a default above the own level", to: ["events_default": 51], refusedBy: "10.6.2"),
        change("a default that was above", from: ["ban": 60], to: ["ban": 10], refusedBy: "10.6.1"),
        change("removing a default that was above", from: ["kick": 60], to: [:], refusedBy: "10.6.1"),
        change("leaving what is above", from: ["kick": 60], to: ["kick": 60]),
        change("a type up to the own level", to: ["events": ["m.a": 50]]),
        change("a type above the own level", to: ["events": ["m.a": 51]], refusedBy: "10.8.1"),
        change("a type that was above", from: ["events": ["m.a": 51]], to: ["events": ["m.a": 1]], refusedBy: "10.7.1"),
        change("removing a type that was above", from: ["events": ["m.a": 51]], to: [:], refusedBy: "10.7.1"),
        change("a notification above the own level", to: ["notifications": ["room": 51]], refusedBy: "10.8.1"),
        change("notifications were not checked, v5", .v5, to: ["notifications": ["room": 51]]),
        change("another user below", to: ["users": [alice: 49, moderator: 50]]),
        change("another user up to the own level", to: ["users": [alice: 50, moderator: 50]]),
        change("another user above", to: ["users": [alice: 51, moderator: 50]], refusedBy: "10.10.1"),
        change(
            "another user of the same level", from: ["users": [alice: 50, moderator: 50]],
            to: ["users": [alice: 0, moderator: 50]], refusedBy: "10.9.1"),
        change(
            "removing a user of the same level", from: ["users": [alice: 50, moderator: 50]],
            to: ["users": [moderator: 50]], refusedBy: "10.9.1"),
        change("a user below", from: ["users": [alice: 49, moderator: 50]], to: ["users": [moderator: 50]]),
        change("oneself down", to: ["users": [moderator: 10]]),
        change("oneself away", to: ["users": [:]]),
        change("oneself up", to: ["users": [moderator: 51]], refusedBy: "10.10.1"),
        change("the creator away, v11", .v11, to: ["users": [moderator: 50]], refusedBy: "10.9.1"),
    ]

    @Test func readsStringsAsVersionsUpTo9Do() throws {
        let cases: [(String, Int64?)] = [
            ("100", 100), ("000100", 100), ("+100", 100), ("-100", -100), (" 100 ", 100), (" 00100 ", 100),
            ("\t-100\n", -100), ("", nil), (" ", nil), ("1 0", nil), ("1.0", nil), ("+-1", nil), ("1e2", nil),
            ("x", nil),
            ("99999999999999999999999", .max), ("١", nil),
        ]
        for (text, level) in cases {
            var scene = try AuthScene(.v9)
            try scene.setPowerLevels(["kick": .string(text)])
            let found = scene.state.powerLevels(in: .v9).required(.kick)
            #expect(found == .finite(level ?? 50), "\(text)")
        }
    }

    @Test func levelsWithoutPowerLevels() throws {
        for version in [RoomVersion.v10, .v11, .v12] {
            let scene = try AuthScene(version, hasPowerLevels: false)
            let levels = scene.state.powerLevels(in: version)
            let creator = try #require(UserID(Self.creator))
            let alice = try #require(UserID(Self.alice))
            #expect(levels.level(of: creator) == (version == .v12 ? .infinite : .finite(100)))
            #expect(levels.level(of: alice) == .finite(0))
            #expect(levels.required(type: "m.x", isState: true) == .finite(50))
            #expect(levels.required(type: "m.x", isState: false) == .finite(0))
            #expect(levels.required(.ban) == .finite(50) && levels.required(.invite) == .finite(0))
        }
    }
}
