import MatrixCore

private let creator = AuthScene.creator
private let alice = AuthScene.alice
private let bob = AuthScene.bob
private let moderator = AuthScene.moderator

extension AuthScene {
    /// The room right after its create event.
    fileprivate mutating func begin() {
        state = AuthStateMap([create])
    }

    fileprivate mutating func join(_ user: String, named authoriser: JSONValue? = nil) throws -> Event {
        var content: JSONValue = [:]
        content["join_authorised_via_users_server"] = authoriser
        return try factory.member(user, "join", content: content)
    }
}

extension RuleCase {
    static let joinRules: [RuleCase] = [
        .refuse(.memberForm, "no state key") {
            try $0.factory.make(EventType.member, sender: alice, content: ["membership": "join"])
        },
        .refuse(.memberForm, "a state key that is no user id") {
            try $0.factory.make(EventType.member, stateKey: "alice", sender: alice, content: ["membership": "join"])
        },
        .refuse(.memberForm, "no membership") { try $0.factory.make(EventType.member, stateKey: alice, sender: alice) },
        .refuse(.memberForm, "a membership that is a number") {
            try $0.factory.make(EventType.member, stateKey: alice, sender: alice, content: ["membership": 1])
        },
        .refuse(.memberOtherwise, "a membership that nobody knows") { try $0.factory.member(alice, "dance") },
        .refuse(.memberOtherwise, "a membership in capitals") { try $0.factory.member(alice, "Join") },
        .refuse(.memberOtherwise, "a knock, before there was knocking", in: 1...6) {
            try $0.set(joinRule: "knock")
            return try $0.factory.member(alice, "knock")
        },

        .allow(.joinCreator, "the creator, right after the create event") {
            $0.begin()
            return try $0.factory.member(creator, "join", prev: [$0.create])
        },
        .allow(.joinCreator, "the creator, whoever sends it") {
            $0.begin()
            return try $0.factory.member(creator, "join", by: alice, prev: [$0.create])
        },
        .allow(.joinCreator, "whom the content names", in: 1...10, create: ["creator": .string(alice)]) {
            $0.begin()
            return try $0.factory.member(alice, "join", prev: [$0.create])
        },
        .refuse(
            .joinCreator, "whom the content names", in: 11...12, by: "5.3.4", create: ["creator": .string(alice)]
        ) {
            $0.begin()
            return try $0.factory.member(alice, "join", prev: [$0.create])
        },
        .refuse(
            .joinCreator, "an additional creator", in: 12...12, by: "5.3.4",
            create: ["additional_creators": [.string(alice)]]
        ) {
            $0.begin()
            return try $0.factory.member(alice, "join", prev: [$0.create])
        },
        .refuse(.joinCreator, "somebody else, right after the create event", by: "5.3.4") {
            $0.begin()
            return try $0.factory.member(alice, "join", prev: [$0.create])
        },
        .refuse(.joinCreator, "the creator, after another event", by: "5.3.4") {
            $0.begin()
            return try $0.factory.member(creator, "join", prev: [try $0.factory.make(EventType.message)])
        },
        .refuse(.joinCreator, "the creator, after the create event and another one", by: "5.3.4") {
            $0.begin()
            return try $0.factory.member(creator, "join", prev: [$0.create, try $0.factory.make(EventType.message)])
        },
        .refuse(.joinCreator, "the creator, after the create event named twice", by: "5.3.4") {
            $0.begin()
            return try $0.factory.member(creator, "join", prev: [$0.create, $0.create])
        },

        .refuse(.joinSender, "on behalf of somebody else") {
            try $0.set(joinRule: "public")
            return try $0.factory.member(alice, "join", by: moderator)
        },
        .refuse(.joinBanned, "banned") {
            try $0.set(joinRule: "public")
            try $0.set(alice, "ban")
            return try $0.join(alice)
        },

        .allow(.joinInvited, "invited") {
            try $0.set(joinRule: "invite")
            try $0.set(alice, "invite")
            return try $0.join(alice)
        },
        .allow(.joinInvited, "in the room already") {
            try $0.set(joinRule: "invite")
            try $0.set(alice, "join")
            return try $0.join(alice)
        },
        .refuse(.joinInvited, "not invited") {
            try $0.set(joinRule: "invite")
            return try $0.join(alice)
        },
        .refuse(.joinInvited, "not invited any more") {
            try $0.set(joinRule: "invite")
            try $0.set(alice, "leave")
            return try $0.join(alice)
        },
        .refuse(.joinInvited, "not invited, no join rule, which means invite") { try $0.join(alice) },
        .allow(.joinInvited, "invited, no join rule, which means invite") {
            try $0.set(alice, "invite")
            return try $0.join(alice)
        },
        // No page says what it means; other implementations take it so.
        .allow(.joinInvited, "invited, join rules that do not say, which means invite") {
            $0.state.insert(try $0.factory.make(EventType.joinRules, stateKey: ""))
            try $0.set(alice, "invite")
            return try $0.join(alice)
        },
        .allow(.joinInvited, "invited where one knocks", in: 7...12) {
            try $0.set(joinRule: "knock")
            try $0.set(alice, "invite")
            return try $0.join(alice)
        },
        .refuse(.joinInvited, "knocked", in: 7...12) {
            try $0.set(joinRule: "knock")
            try $0.set(alice, "knock")
            return try $0.join(alice)
        },

        .allow(.joinPublic, "anybody") {
            try $0.set(joinRule: "public")
            return try $0.join(bob)
        },
        .allow(.joinPublic, "who names an authorising user, before that meant anything", in: 1...7) {
            try $0.set(joinRule: "public")
            return try $0.join(alice, named: "@user:three.example")
        },
        .refuse(.joinOtherwise, "invited where one knocks, before there was knocking", in: 1...6) {
            try $0.set(joinRule: "knock")
            try $0.set(alice, "invite")
            return try $0.join(alice)
        },
        .refuse(.joinOtherwise, "a join rule that nobody knows") {
            try $0.set(joinRule: "private")
            try $0.set(alice, "invite")
            return try $0.join(alice)
        },
        .refuse(.joinOtherwise, "a join rule that is a number") {
            $0.state.insert(try $0.factory.make(EventType.joinRules, stateKey: "", content: ["join_rule": 1]))
            try $0.set(alice, "invite")
            return try $0.join(alice)
        },
        .refuse(.joinOtherwise, "a restricted room, before there were any", in: 1...7) {
            try $0.set(joinRule: "restricted")
            try $0.set(alice, "invite")
            return try $0.join(alice, named: .string(moderator))
        },
        .refuse(.joinOtherwise, "a restricted room to knock at, before there were any", in: 1...9) {
            try $0.set(joinRule: "knock_restricted")
            try $0.set(alice, "invite")
            return try $0.join(alice, named: .string(moderator))
        },
    ]

    static let restrictedRules: [RuleCase] =
        restrictedRules("restricted", in: 8...12) + restrictedRules("knock_restricted", in: 10...12) + [
            .refuse(.memberAuthoriser, "the authorising user's server has not signed") {
                try $0.set(joinRule: "public")
                return try $0.join(alice, named: "@user:three.example")
            },
            .refuse(.memberAuthoriser, "the authorising user is no user") {
                try $0.set(joinRule: "public")
                return try $0.join(alice, named: 7)
            },
            .allow(.memberAuthoriser, "the authorising user's server has signed") {
                try $0.set(joinRule: "public")
                return try $0.join(alice, named: .string(moderator))
            },
            // The rule says so of all member events. Other implementations look at joins only: they would let these pass, and a
            // user would be in the room here whom all others see gone.
            .allow(.memberAuthoriser, "not on a leave, which others let pass") {
                try $0.set(alice, "join")
                return try $0.factory.member(
                    alice, "leave", content: ["join_authorised_via_users_server": "@user:three.example"])
            },
        ]

    private static func restrictedRules(_ joinRule: String, in versions: ClosedRange<Int>) -> [RuleCase] {
        [
            .allow(.joinRestrictedInvited, "\(joinRule), invited", in: versions) {
                try $0.set(joinRule: joinRule)
                try $0.set(alice, "invite")
                return try $0.join(alice)
            },
            .allow(.joinRestrictedInvited, "\(joinRule), in the room already", in: versions) {
                try $0.set(joinRule: joinRule)
                try $0.set(alice, "join")
                return try $0.join(alice)
            },
            .refuse(.joinRestrictedUser, "\(joinRule), authorised by nobody", in: versions) {
                try $0.set(joinRule: joinRule)
                return try $0.join(alice)
            },
            .refuse(.joinRestrictedUser, "\(joinRule), authorised by somebody outside", in: versions) {
                try $0.set(joinRule: joinRule)
                return try $0.join(alice, named: "@outside:one.example")
            },
            .refuse(.joinRestrictedUser, "\(joinRule), authorised by somebody who may not invite", in: versions) {
                try $0.set(joinRule: joinRule)
                try $0.setPowerLevels(["invite": 51])
                return try $0.join(alice, named: .string(moderator))
            },
            .refuse(.joinRestrictedUser, "\(joinRule), authorised by somebody who was invited", in: versions) {
                try $0.set(joinRule: joinRule)
                try $0.set("@other:one.example", "invite")
                return try $0.join(alice, named: "@other:one.example")
            },
            .allow(.joinRestrictedAllowed, "\(joinRule), authorised by another server, which has signed", in: versions)
            {
                try $0.set(joinRule: joinRule)
                let event = try $0.join(bob, named: .string(moderator))
                return try event.signed(by: $0.create.sender.serverName, with: EventFactory.key)
            },
            .allow(.joinRestrictedAllowed, "\(joinRule), authorised by somebody who may invite", in: versions) {
                try $0.set(joinRule: joinRule)
                try $0.setPowerLevels(["invite": 50])
                return try $0.join(alice, named: .string(moderator))
            },
        ]
    }
}
