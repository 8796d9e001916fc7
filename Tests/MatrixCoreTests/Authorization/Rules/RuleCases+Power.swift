import MatrixCore

private let alice = AuthScene.alice
private let bob = AuthScene.bob
private let moderator = AuthScene.moderator
private let creator = AuthScene.creator

extension RuleCase {
    // MARK: Form

    /// Power levels set by the creator.
    private static func setting(_ content: JSONValue) -> @Sendable (inout AuthScene) throws -> Event {
        { try $0.factory.make(EventType.powerLevels, stateKey: "", content: $0.levels(content)) }
    }

    static let powerFormRules: [RuleCase] =
        ["users_default", "events_default", "state_default", "ban", "redact", "kick", "invite"].map { level in
            .refuse(.powerNumbers, "\(level) is a string", setting([level: "0"]))
        } + [
            .refuse(.powerNumbers, "a level is null", setting(["ban": .null])),
            .refuse(.powerNumbers, "a level is true", setting(["ban": true])),
            .refuse(.powerNumbers, "a level is an array", setting(["ban": []])),
            .refuse(.powerNumbers, "also in the first ones", hasPowerLevels: false, setting(["ban": "0"])),
            .refuse(.powerEntries, "events is an array", setting(["events": []])),
            .refuse(.powerEntries, "notifications is null", setting(["notifications": .null])),
            .refuse(.powerEntries, "a level of events is a string", setting(["events": ["m.a": "1"]])),
            .refuse(.powerEntries, "a level of notifications is a string", setting(["notifications": ["room": "1"]])),
            .refuse(.powerEntries, "also in the first ones", hasPowerLevels: false, setting(["events": ["m.a": "1"]])),
            .refuse(.powerUsers, "users is an array", setting(["users": []])),
            .refuse(.powerUsers, "users is null", setting(["users": .null])),
            .refuse(.powerUsers, "a key without a server", setting(["users": ["@alice": 5]])),
            .refuse(.powerUsers, "a key without a sigil", setting(["users": ["alice:one.example": 5]])),
            .refuse(.powerUsers, "a level is null", setting(["users": [alice: .null]])),
            .refuse(.powerUsers, "a level is true", setting(["users": [alice: true]])),
            .refuse(.powerUsers, "a level is no number", setting(["users": [alice: "five"]])),
            .refuse(.powerUsers, "a level is a fraction in a string", in: 1...9, setting(["users": [alice: "5.5"]])),
            .refuse(.powerUsers, "also in the first ones", hasPowerLevels: false, setting(["users": ["alice": 5]])),
            .refuse(.powerUsers, "a level is a string", in: 10...12, setting(["users": [alice: "5"]])),
            .allow(
                .powerUsers, "a level is a string", in: 1...9, hasPowerLevels: false, setting(["users": [alice: "5"]])),
            .allow(
                .powerUsers, "a level is a fraction", in: 1...5, hasPowerLevels: false, setting(["users": [alice: 5.7]])
            ),
            .allow(.powerUsers, "no users", hasPowerLevels: false) {
                try $0.factory.make(EventType.powerLevels, stateKey: "")
            },
            .refuse(.powerCreators, "the creator", setting(["users": [creator: 100]])),
            .refuse(
                .powerCreators, "the creator, in the first ones", hasPowerLevels: false,
                setting(["users": [creator: 1]])),
            .refuse(
                .powerCreators, "an additional creator", create: ["additional_creators": [.string(bob)]],
                setting(["users": [bob: 1]])),
            .allow(
                .powerFirst, "levels above the sender's", hasPowerLevels: false,
                setting(["ban": 1_000, "users": [alice: 1_000]])),
            // Rooms of that time have such events. Nobody can change their power levels.
            .allow(
                .powerFirst, "no numbers, where no rule forbids them", in: 1...9, hasPowerLevels: false,
                setting(["ban": "x", "events": []])),
            .refuse(
                .powerOtherwise, "no numbers, where they had to be compared", in: 1...9, by: "10.1",
                setting(["ban": "x"])),
            .refuse(
                .powerOtherwise, "no numbers among events", in: 1...9, by: "10.2", setting(["events": ["m.a": .null]])),
            .refuse(.powerOtherwise, "no numbers in what was before", in: 1...9, by: "10.1") {
                try $0.setPowerLevels(["ban": .null])
                return try setting([:])(&$0)
            },
            .allow(
                .powerOtherwise, "notifications were not looked at", in: 1...5,
                setting(["notifications": ["room": "x"]])),
        ]

    // MARK: Changes

    /// A change by the moderator, who has 50.
    private static func changing(
        _ old: JSONValue, to new: JSONValue
    ) -> @Sendable (inout AuthScene) throws -> Event {
        {
            try $0.setPowerLevels(old)
            let content = $0.levels(new)
            return try $0.factory.make(EventType.powerLevels, stateKey: "", sender: moderator, content: content)
        }
    }

    /// The users with the creator's level where it must be there, so that only what is meant changes.
    private static func users(_ version: RoomVersion, _ levels: JSONValue) -> JSONValue {
        var levels = levels
        if version != .v12 { levels[creator] = 100 }
        return ["users": levels]
    }

    private static func changingUsers(
        _ old: JSONValue, to new: JSONValue
    ) -> @Sendable (inout AuthScene) throws -> Event {
        { try changing(users($0.version, old), to: users($0.version, new))(&$0) }
    }

    static let powerChangeRules: [RuleCase] =
        ["users_default", "events_default", "state_default", "ban", "redact", "kick", "invite"].flatMap { level in
            [
                RuleCase.refuse(.powerNewLevel, "\(level) added above", changing([:], to: [level: 51])),
                .allow(.powerNewLevel, "\(level) added up to the own level", changing([:], to: [level: 50])),
            ]
        }
        + ["ban", "redact", "kick", "invite"].flatMap { level in
            [
                RuleCase.refuse(.powerOldLevel, "\(level) was above", changing([level: 51], to: [level: 10])),
                .refuse(.powerOldLevel, "\(level) was above and is removed", changing([level: 51], to: [:])),
                .refuse(.powerNewLevel, "\(level) raised above", changing([level: 50], to: [level: 51])),
            ]
        } + [
            .refuse(
                .powerOldEntry, "a type that was above", changing(["events": ["m.a": 51]], to: ["events": ["m.a": 1]])),
            .refuse(.powerOldEntry, "a type that was above and is removed", changing(["events": ["m.a": 51]], to: [:])),
            .refuse(.powerNewEntry, "a type added above", changing([:], to: ["events": ["m.a": 51]])),
            .refuse(
                .powerNewEntry, "a type raised above", changing(["events": ["m.a": 1]], to: ["events": ["m.a": 51]])),
            .allow(.powerNewEntry, "a type up to the own level", changing([:], to: ["events": ["m.a": 50]])),
            .refuse(
                .powerOldEntry, "a notification that was above", in: 6...12,
                changing(["notifications": ["room": 51]], to: ["notifications": ["room": 1]])),
            .refuse(
                .powerNewEntry, "a notification added above", in: 6...12,
                changing([:], to: ["notifications": ["room": 51]])),
            .allow(
                .powerOtherwise, "notifications are not looked at yet", in: 1...5,
                changing(["notifications": ["room": 51]], to: ["notifications": ["room": 99]])),
            .refuse(
                .powerOldUser, "another user of the same level",
                changingUsers([moderator: 50, alice: 50], to: [moderator: 50, alice: 1])),
            .refuse(
                .powerOldUser, "another user of the same level is removed",
                changingUsers([moderator: 50, alice: 50], to: [moderator: 50])),
            .refuse(
                .powerOldUser, "another user above",
                changingUsers([moderator: 50, alice: 51], to: [moderator: 50, alice: 1])),
            .refuse(.powerOldUser, "the creator", in: 1...11, changing([:], to: ["users": [moderator: 50]])),
            .allow(
                .powerOldUser, "another user below",
                changingUsers([moderator: 50, alice: 49], to: [moderator: 50, alice: 50])),
            .allow(.powerOldUser, "oneself down", changingUsers([moderator: 50], to: [moderator: 1])),
            .allow(.powerOldUser, "oneself away", changingUsers([moderator: 50], to: [:])),
            .refuse(
                .powerNewUser, "another user above", changingUsers([moderator: 50], to: [moderator: 50, alice: 51])),
            .refuse(.powerNewUser, "oneself up", changingUsers([moderator: 50], to: [moderator: 51])),
            .allow(
                .powerNewUser, "another user up to the own level",
                changingUsers([moderator: 50], to: [moderator: 50, alice: 50])),
            .allow(
                .powerOtherwise, "nothing",
                changing(["ban": 99, "events": ["m.a": 99]], to: ["ban": 99, "events": ["m.a": 99]])),
            .allow(
                .powerOtherwise, "the same level in other words", in: 1...9, changing(["ban": 99], to: ["ban": " +099"])
            ),
            .allow(.powerOtherwise, "whose level has no bound", in: 12...12) {
                try $0.setPowerLevels(["ban": 9_007_199_254_740_991])
                return try $0.factory.make(EventType.powerLevels, stateKey: "", content: $0.levels(["ban": 1]))
            },
        ]
}
