import MatrixCore

private let alice = AuthScene.alice
private let bob = AuthScene.bob
private let moderator = AuthScene.moderator
private let creator = AuthScene.creator

extension RuleCase {
    static let sendingRules: [RuleCase] = [
        .refuse(.federate, "a user of another server", create: ["m.federate": false]) {
            try $0.join(bob)
            return try $0.factory.make(EventType.message, sender: bob)
        },
        .refuse(.federate, "a join of a user of another server", create: ["m.federate": false]) {
            try $0.set(joinRule: "public")
            return try $0.factory.member(bob, "join")
        },
        .allow(.federate, "a user of the creator's server", create: ["m.federate": false]) {
            try $0.factory.make(EventType.message, sender: moderator)
        },
        .allow(.federate, "a user of another server, in a room that federates", create: ["m.federate": true]) {
            try $0.join(bob)
            return try $0.factory.make(EventType.message, sender: bob)
        },
        // Other implementations refuse anything but `true`; the rule asks for `false`.
        .allow(.federate, "a user of another server, where it says \"false\"", create: ["m.federate": "false"]) {
            try $0.join(bob)
            return try $0.factory.make(EventType.message, sender: bob)
        },
        // Other implementations refuse it; the rule is about senders.
        .allow(.federate, "an invitation of a user of another server", create: ["m.federate": false]) {
            try $0.factory.member(bob, "invite", by: moderator)
        },

        .refuse(.aliasesKey, "no state key") { try $0.factory.make(EventType.aliases, sender: bob) },
        .refuse(.aliasesServer, "another server's") {
            try $0.factory.make(EventType.aliases, stateKey: "one.example", sender: bob)
        },
        .refuse(.aliasesServer, "nobody's") { try $0.factory.make(EventType.aliases, stateKey: "", sender: moderator) },
        .allow(.aliasesOtherwise, "the own server's, even from outside") {
            try $0.factory.make(EventType.aliases, stateKey: "two.example", sender: bob)
        },
        .refuse(.outsider, "aliases are nothing special any more", in: 6...12) {
            try $0.factory.make(EventType.aliases, stateKey: "two.example", sender: bob)
        },
        .refuse(.requiredLevel, "aliases take the level of state now", in: 6...12) {
            try $0.join(bob)
            return try $0.factory.make(EventType.aliases, stateKey: "two.example", sender: bob)
        },

        .refuse(.outsider, "who was never there") { try $0.factory.make(EventType.message, sender: alice) },
        .refuse(.outsider, "who was invited") {
            try $0.set(alice, "invite")
            return try $0.factory.make(EventType.message, sender: alice)
        },
        .refuse(.outsider, "who has left") {
            try $0.set(moderator, "leave")
            return try $0.factory.make(EventType.message, sender: moderator)
        },
        .refuse(
            .outsider, "an additional creator outside", in: 12...12, create: ["additional_creators": [.string(bob)]]
        ) { try $0.factory.make(EventType.message, sender: bob) },

        .allow(.offer, "anybody may, if nothing else is said, whatever state takes") {
            try $0.join(alice)
            return try $0.factory.make(EventType.thirdPartyInvite, stateKey: "t", sender: alice)
        },
        .refuse(.offer, "whose level is not enough to invite") {
            try $0.setPowerLevels(["invite": 51])
            return try $0.factory.make(EventType.thirdPartyInvite, stateKey: "t", sender: moderator)
        },

        .refuse(.requiredLevel, "state, by default") {
            try $0.join(alice)
            return try $0.factory.make("m.room.topic", stateKey: "", sender: alice)
        },
        .refuse(.requiredLevel, "state without power levels", hasPowerLevels: false) {
            try $0.factory.make("m.room.topic", stateKey: "", sender: moderator)
        },
        .allow(.requiredLevel, "the creator without power levels", hasPowerLevels: false) {
            try $0.factory.make("m.room.topic", stateKey: "", sender: creator)
        },
        .refuse(.requiredLevel, "a type with a level of its own") {
            try $0.setPowerLevels(["events": ["m.room.topic": 51]])
            return try $0.factory.make("m.room.topic", stateKey: "", sender: moderator)
        },
        .refuse(.requiredLevel, "messages with a default of their own") {
            try $0.setPowerLevels(["events_default": 51])
            return try $0.factory.make(EventType.message, sender: moderator)
        },
        .refuse(.requiredLevel, "a user below the default") {
            try $0.setPowerLevels(["users_default": -1])
            try $0.join(alice)
            return try $0.factory.make(EventType.message, sender: alice)
        },
        .refuse(.requiredLevel, "a level as a string", in: 1...9) {
            try $0.setPowerLevels(["events_default": " +051 "])
            return try $0.factory.make(EventType.message, sender: moderator)
        },
        .allow(.requiredLevel, "a level loses what is behind the point", in: 1...5) {
            try $0.setPowerLevels(["events_default": 50.9])
            return try $0.factory.make(EventType.message, sender: moderator)
        },
        .refuse(.requiredLevel, "a level above the creator's", in: 1...11) {
            try $0.setPowerLevels(["events_default": 101])
            return try $0.factory.make(EventType.message, sender: creator)
        },
        .allow(.requiredLevel, "no level is above creators'", in: 12...12) {
            try $0.setPowerLevels(["events_default": 9_007_199_254_740_991])
            return try $0.factory.make(EventType.message, sender: creator)
        },
        .allow(
            .requiredLevel, "nor above additional creators'", in: 12...12,
            create: ["additional_creators": [.string(bob)]]
        ) {
            try $0.join(bob)
            try $0.setPowerLevels(["events_default": 9_007_199_254_740_991])
            return try $0.factory.make(EventType.message, sender: bob)
        },

        .refuse(.stateKeyUser, "another user's") {
            try $0.factory.make("org.example.x", stateKey: alice, sender: moderator)
        },
        .refuse(.stateKeyUser, "one that only begins like a user's") {
            try $0.factory.make("org.example.x", stateKey: "@", sender: moderator)
        },
        .refuse(.stateKeyUser, "another user's, by a creator") {
            try $0.factory.make("org.example.x", stateKey: alice, sender: creator)
        },
        .allow(.stateKeyUser, "the own one") {
            try $0.factory.make("org.example.x", stateKey: moderator, sender: moderator)
        },
        .allow(.stateKeyUser, "one with an @ inside") {
            try $0.factory.make("org.example.x", stateKey: "x@y:z", sender: moderator)
        },

        .allow(.redactionLevel, "whose level is enough") {
            try $0.factory.make(EventType.redaction, sender: moderator, content: ["redacts": "$x:two.example"])
        },
        .allow(.redactionServer, "an event of the own server") {
            try $0.join(bob)
            return try $0.factory.make(EventType.redaction, sender: bob, content: ["redacts": "$x:two.example"])
        },
        .refuse(.redactionOtherwise, "an event of another server") {
            try $0.join(bob)
            return try $0.factory.make(EventType.redaction, sender: bob, content: ["redacts": "$x:one.example"])
        },
        .refuse(.redactionOtherwise, "no event") {
            try $0.join(bob)
            return try $0.factory.make(EventType.redaction, sender: bob)
        },
        .allow(.otherwise, "a redaction of anything, which is decided later", in: 3...12) {
            try $0.join(bob)
            return try $0.factory.make(EventType.redaction, sender: bob, content: ["redacts": "$x:one.example"])
        },
        .refuse(.requiredLevel, "a redaction, where its type has a level", in: 3...12) {
            try $0.join(bob)
            try $0.setPowerLevels(["events": ["m.room.redaction": 1]])
            return try $0.factory.make(EventType.redaction, sender: bob, content: ["redacts": "$x:one.example"])
        },
        .allow(.otherwise, "a message of a member") {
            try $0.join(alice)
            return try $0.factory.make(EventType.message, sender: alice)
        },
        .allow(.otherwise, "state with the level for it") {
            try $0.factory.make("m.room.topic", stateKey: "", sender: moderator)
        },
    ]
}
