import MatrixCore

private let alice = AuthScene.alice
private let moderator = AuthScene.moderator

extension AuthScene {
    private var rules: AuthRules { AuthRules(version: version) }

    /// Checks the choice of auth events of an event.
    ///
    /// - Parameters:
    ///   - changes: what is done to the auth events that the rules would select, before the event is made with them.
    ///   - rejected: those that were rejected.
    fileprivate mutating func choose(
        _ type: String = EventType.message, stateKey: String? = nil, sender: String = moderator,
        content: JSONValue = [:],
        rejected: [Event] = [], _ changes: (inout [Event], inout EventFactory) throws -> Void = { _, _ in }
    ) throws -> AuthVerdict {
        let draft = try factory.make(type, stateKey: stateKey, sender: sender, content: content)
        var chosen = rules.selection(for: draft).compactMap { state.event($0) }
        try changes(&chosen, &factory)
        let event = try factory.make(type, stateKey: stateKey, sender: sender, content: content, auth: chosen)
        var named: [AuthRules.AuthEvent] = []
        for one in chosen where !named.contains(where: { $0.event == one }) {
            named.append(AuthRules.AuthEvent(event: one, isRejected: rejected.contains(one)))
        }
        return rules.checkAuthEvents(of: event, named, create: AuthRules.AuthEvent(event: create, isRejected: false))
    }
}

extension RuleCase {
    private static func allowAuth(
        _ rule: Rule, _ situation: String, in versions: ClosedRange<Int> = 1...12,
        _ judge: @escaping @Sendable (inout AuthScene) throws -> AuthVerdict
    ) -> RuleCase {
        RuleCase(
            rule: rule, situation: situation, versions: versions, refusedBy: nil, create: [:], hasPowerLevels: true,
            judge: judge)
    }

    private static func refuseAuth(
        _ rule: Rule, _ situation: String, in versions: ClosedRange<Int> = 1...12,
        _ judge: @escaping @Sendable (inout AuthScene) throws -> AuthVerdict
    ) -> RuleCase {
        RuleCase(
            rule: rule, situation: situation, versions: versions, refusedBy: rule.refusal, create: [:],
            hasPowerLevels: true, judge: judge)
    }

    /// A choice by the room's create event, which is there, was rejected, or is another room's.
    private static func byRoom(
        _ situation: String, isAllowed: Bool = false,
        _ create: @escaping @Sendable (inout AuthScene) throws -> AuthRules.AuthEvent?
    ) -> RuleCase {
        RuleCase(
            rule: .roomIsCreated, situation: situation, versions: 12...12, refusedBy: isAllowed ? nil : "2",
            create: [:],
            hasPowerLevels: true
        ) {
            let event = try $0.factory.make(EventType.message)
            return AuthRules(version: $0.version).checkAuthEvents(of: event, [], create: try create(&$0))
        }
    }

    private static let join: JSONValue = ["membership": "join"]
    private static let authorised: JSONValue = [
        "membership": "join", "join_authorised_via_users_server": .string(moderator),
    ]
    private static let offered: JSONValue = [
        "membership": "invite", "third_party_invite": ["signed": ["token": "t"]],
    ]

    static let authEventRules: [RuleCase] = [
        byRoom("the room was created", isAllowed: true) {
            AuthRules.AuthEvent(event: $0.create, isRejected: false)
        },
        byRoom("nobody knows who created the room") { _ in nil },
        byRoom("the room's create event was rejected") { AuthRules.AuthEvent(event: $0.create, isRejected: true) },
        byRoom("the room's create event is another room's") {
            var other = EventFactory($0.version)
            return AuthRules.AuthEvent(event: try other.create(["other": 1]), isRejected: false)
        },
        byRoom("the room's create event is no create event") {
            AuthRules.AuthEvent(event: try $0.factory.make(EventType.message), isRejected: false)
        },

        allowAuth(.authTwice, "each once") { try $0.choose() },
        refuseAuth(.authTwice, "two power levels") {
            try $0.choose { $0.append(try $1.make(EventType.powerLevels, stateKey: "")) }
        },
        refuseAuth(.authTwice, "the same event twice") { try $0.choose { chosen, _ in chosen.append(chosen[0]) } },

        refuseAuth(.authUnselected, "a message") { try $0.choose { $0.append(try $1.make(EventType.message)) } },
        refuseAuth(.authUnselected, "the room's name") {
            try $0.choose { $0.append(try $1.make("m.room.name", stateKey: "")) }
        },
        refuseAuth(.authUnselected, "join rules, of a message") {
            try $0.choose { $0.append(try $1.make(EventType.joinRules, stateKey: "")) }
        },
        allowAuth(.authUnselected, "join rules, of a join") {
            try $0.set(joinRule: "public")
            return try $0.choose(EventType.member, stateKey: alice, sender: alice, content: join)
        },
        refuseAuth(.authUnselected, "join rules, of a leave") {
            try $0.choose(EventType.member, stateKey: moderator, content: ["membership": "leave"]) {
                $0.append(try $1.make(EventType.joinRules, stateKey: ""))
            }
        },
        refuseAuth(.authUnselected, "another member") { try $0.choose { $0.append(try $1.member(alice, "join")) } },
        allowAuth(.authUnselected, "the member that the event is about") {
            try $0.set(alice, "join")
            return try $0.choose(EventType.member, stateKey: alice, content: ["membership": "ban"])
        },
        refuseAuth(.authUnselected, "who authorised a join, before that was possible", in: 1...7) {
            try $0.choose(EventType.member, stateKey: alice, sender: alice, content: authorised) {
                $0.append(try $1.member(moderator, "join"))
            }
        },
        allowAuth(.authUnselected, "who authorised a join", in: 8...12) {
            try $0.choose(EventType.member, stateKey: alice, sender: alice, content: authorised)
        },
        refuseAuth(.authUnselected, "another one than who authorised a join", in: 8...12) {
            try $0.choose(EventType.member, stateKey: alice, sender: alice, content: authorised) {
                $0.append(try $1.member("@other:one.example", "join"))
            }
        },
        allowAuth(.authUnselected, "the offer that an invitation takes up") {
            let offer = try $0.factory.make(EventType.thirdPartyInvite, stateKey: "t", sender: moderator)
            $0.state.insert(offer)
            return try $0.choose(EventType.member, stateKey: alice, content: offered)
        },
        refuseAuth(.authUnselected, "another offer than the one that an invitation takes up") {
            try $0.choose(EventType.member, stateKey: alice, content: offered) {
                $0.append(try $1.make(EventType.thirdPartyInvite, stateKey: "u", sender: moderator))
            }
        },
        refuseAuth(.authUnselected, "the create event", in: 12...12) {
            let create = $0.create
            return try $0.choose { chosen, _ in chosen.append(create) }
        },

        refuseAuth(.authRejected, "the power levels") {
            let levels = $0.state.event(.powerLevels)
            return try $0.choose(rejected: levels.map { [$0] } ?? [])
        },
        refuseAuth(.authNoCreate, "all but the create event") {
            try $0.choose { chosen, _ in chosen.removeAll { $0.type == EventType.create } }
        },
        refuseAuth(.authOtherRoom, "power levels of another room") {
            try $0.choose { chosen, factory in
                var other = EventFactory(factory.version)
                _ = try other.create(["other": 1])
                if !factory.version.namesRoomByCreateEvent { other.roomID = RoomID("!other:one.example") }
                chosen.removeAll { $0.type == EventType.powerLevels }
                chosen.append(try other.make(EventType.powerLevels, stateKey: ""))
            }
        },
    ]
}
