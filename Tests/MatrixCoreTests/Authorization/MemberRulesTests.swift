import MatrixCore
import Testing

@Suite struct MemberRulesTests {
    private static let alice = AuthScene.alice
    private static let bob = AuthScene.bob
    private static let moderator = AuthScene.moderator
    private static let creator = AuthScene.creator

    @Test(arguments: joins + restrictedJoins) func rule5_3Joins(_ entry: AuthCase) throws {
        #expect(try entry.verdict().refusal?.rule == entry.refusedBy)
    }

    private static let joins: [AuthCase] = [
        AuthCase("no membership", refusedBy: "5.1") {
            try $0.factory.make(EventType.member, stateKey: alice, sender: alice)
        },
        AuthCase("membership is no string", refusedBy: "5.1") {
            try $0.factory.make(EventType.member, stateKey: alice, sender: alice, content: ["membership": 1])
        },
        AuthCase("no state key", refusedBy: "5.1") {
            try $0.factory.make(EventType.member, sender: alice, content: ["membership": "join"])
        },
        AuthCase("state key is no user", refusedBy: "5.1") {
            try $0.factory.make(EventType.member, stateKey: "x", sender: alice, content: ["membership": "join"])
        },
        AuthCase("unknown membership", refusedBy: "5.8") { try $0.factory.member(alice, "lurk") },
        AuthCase("creator joins right after the create event") {
            $0.state = AuthStateMap([$0.create])
            return try $0.factory.member(creator, "join", prev: [$0.create])
        },
        AuthCase("creator joins later into an invite-only room", refusedBy: "5.3.4") {
            $0.state = AuthStateMap([$0.create])
            let other = try $0.factory.make("m.room.topic", stateKey: "")
            return try $0.factory.member(creator, "join", prev: [$0.create, other])
        },
        AuthCase("creator named in the content, v10", .v10, create: ["creator": .string(alice)]) {
            $0.state = AuthStateMap([$0.create])
            return try $0.factory.member(alice, "join", prev: [$0.create])
        },
        AuthCase(
            "creator named in the content means nothing, v11", .v11, refusedBy: "5.3.4",
            create: ["creator": .string(alice)]
        ) {
            $0.state = AuthStateMap([$0.create])
            return try $0.factory.member(alice, "join", prev: [$0.create])
        },
        AuthCase(
            "additional creator is not the first to join", refusedBy: "5.3.4",
            create: ["additional_creators": [.string(alice)]]
        ) {
            $0.state = AuthStateMap([$0.create])
            return try $0.factory.member(alice, "join", prev: [$0.create])
        },
        AuthCase("on behalf of somebody else", refusedBy: "5.3.2") {
            try $0.set(joinRule: "public")
            return try $0.factory.member(alice, "join", by: creator)
        },
        AuthCase("banned", refusedBy: "5.3.3") {
            try $0.set(joinRule: "public")
            try $0.set(alice, "ban")
            return try $0.factory.member(alice, "join")
        },
        AuthCase("public room") {
            try $0.set(joinRule: "public")
            return try $0.factory.member(bob, "join")
        },
        AuthCase("no join rules, not invited", refusedBy: "5.3.4") { try $0.factory.member(alice, "join") },
        AuthCase("no join rules, invited") {
            try $0.set(alice, "invite")
            return try $0.factory.member(alice, "join")
        },
        AuthCase("invite-only, already there") {
            try $0.set(joinRule: "invite")
            try $0.join(alice)
            return try $0.factory.member(alice, "join")
        },
        AuthCase("invite-only, left", refusedBy: "5.3.4") {
            try $0.set(joinRule: "invite")
            try $0.set(alice, "leave")
            return try $0.factory.member(alice, "join")
        },
        AuthCase("knock room, invited") {
            try $0.set(joinRule: "knock")
            try $0.set(alice, "invite")
            return try $0.factory.member(alice, "join")
        },
        AuthCase("knock room, knocked", refusedBy: "5.3.4") {
            try $0.set(joinRule: "knock")
            try $0.set(alice, "knock")
            return try $0.factory.member(alice, "join")
        },
        AuthCase("knock room means nothing in v6", .v6, refusedBy: "5.3.7") {
            try $0.set(joinRule: "knock")
            try $0.set(alice, "invite")
            return try $0.factory.member(alice, "join")
        },
        AuthCase("private room", refusedBy: "5.3.7") {
            try $0.set(joinRule: "private")
            try $0.set(alice, "invite")
            return try $0.factory.member(alice, "join")
        },
        AuthCase("join rule is no string", refusedBy: "5.3.7") {
            $0.state.insert(try $0.factory.make(EventType.joinRules, stateKey: "", content: ["join_rule": 1]))
            try $0.set(alice, "invite")
            return try $0.factory.member(alice, "join")
        },
    ]

    private static func restricted(
        _ name: String, _ version: RoomVersion = .v12, rule: String = "restricted", refusedBy: String? = nil,
        by authoriser: JSONValue? = .string(creator), signed: Bool = true,
        prepare: @escaping @Sendable (inout AuthScene) throws -> Void = { _ in }
    ) -> AuthCase {
        AuthCase(name, version, refusedBy: refusedBy) {
            try $0.set(joinRule: rule)
            try prepare(&$0)
            var content: JSONValue = [:]
            content["join_authorised_via_users_server"] = authoriser
            let event = try $0.factory.member(bob, "join", content: content)
            guard signed, let server = ServerName("one.example") else { return event }
            return try event.signed(by: server, with: EventFactory.key)
        }
    }

    private static let restrictedJoins: [AuthCase] = [
        restricted("authorised by the creator"),
        restricted("authorised by the creator, v8", .v8),
        restricted("no such rule in v7", .v7, refusedBy: "5.3.7"),
        restricted("knock_restricted", rule: "knock_restricted"),
        restricted("no knock_restricted in v9", .v9, rule: "knock_restricted", refusedBy: "5.3.7"),
        restricted("invited needs nobody", by: nil, signed: false) { try $0.set(bob, "invite") },
        restricted("joined needs nobody", by: nil, signed: false) { try $0.join(bob) },
        restricted("authorised by nobody", refusedBy: "5.3.5.2", by: nil),
        restricted("authorised by no user", refusedBy: "5.2.1", by: 5),
        restricted("public room, not signed", rule: "public", refusedBy: "5.2.1", signed: false),
        restricted("public room, not signed, v7", .v7, rule: "public", signed: false),
        restricted("not signed", refusedBy: "5.2.1", signed: false),
        restricted("authoriser is not there", refusedBy: "5.3.5.2", by: .string(alice)),
        restricted("authoriser may not invite", refusedBy: "5.3.5.2", by: .string(moderator)) {
            try $0.setPowerLevels(["invite": 60])
        },
        restricted("banned", refusedBy: "5.3.3") { try $0.set(bob, "ban") },
    ]

    @Test(arguments: invites) func rule5_4Invitations(_ entry: AuthCase) throws {
        #expect(try entry.verdict().refusal?.rule == entry.refusedBy)
    }

    private static let invites: [AuthCase] = [
        AuthCase("by a member") { try $0.factory.member(alice, "invite", by: moderator) },
        AuthCase("again") {
            try $0.set(alice, "invite")
            return try $0.factory.member(alice, "invite", by: moderator)
        },
        AuthCase("after a knock") {
            try $0.set(alice, "knock")
            return try $0.factory.member(alice, "invite", by: moderator)
        },
        AuthCase("by somebody outside", refusedBy: "5.4.2") { try $0.factory.member(alice, "invite", by: bob) },
        AuthCase("of a member", refusedBy: "5.4.3") {
            try $0.join(alice)
            return try $0.factory.member(alice, "invite", by: creator)
        },
        AuthCase("of a banned user", refusedBy: "5.4.3") {
            try $0.set(alice, "ban")
            return try $0.factory.member(alice, "invite", by: creator)
        },
        AuthCase("with too little power", refusedBy: "5.4.5") {
            try $0.setPowerLevels(["invite": 51])
            return try $0.factory.member(alice, "invite", by: moderator)
        },
        AuthCase("with just enough power") {
            try $0.setPowerLevels(["invite": 50])
            return try $0.factory.member(alice, "invite", by: moderator)
        },
        AuthCase("without power levels", hasPowerLevels: false) {
            try $0.factory.member(alice, "invite", by: moderator)
        },
    ]

    @Test(arguments: leaves) func rule5_5LeavingAndKicks(_ entry: AuthCase) throws {
        #expect(try entry.verdict().refusal?.rule == entry.refusedBy)
    }

    private static func leave(
        _ name: String, _ version: RoomVersion = .v12, from membership: String?, by sender: String? = nil,
        refusedBy: String? = nil, levels: JSONValue = [:]
    ) -> AuthCase {
        AuthCase(name, version, refusedBy: refusedBy) {
            try $0.setPowerLevels(levels)
            if let membership { try $0.set(alice, membership) }
            return try $0.factory.member(alice, "leave", by: sender ?? alice)
        }
    }

    private static let leaves: [AuthCase] = [
        leave("a member leaves", from: "join"),
        leave("an invitation is rejected", from: "invite"),
        leave("a knock is taken back", from: "knock"),
        leave("no knocks in v6", .v6, from: "knock", refusedBy: "5.5.1"),
        leave("from outside", from: nil, refusedBy: "5.5.1"),
        leave("again", from: "leave", refusedBy: "5.5.1"),
        leave("banned", from: "ban", refusedBy: "5.5.1"),
        leave("kicked by a moderator", from: "join", by: moderator),
        leave("kicked by somebody outside", from: "join", by: bob, refusedBy: "5.5.2"),
        leave("kicked with too little power", from: "join", by: moderator, refusedBy: "5.5.5", levels: ["kick": 51]),
        leave(
            "kicked though of equal power", from: "join", by: moderator, refusedBy: "5.5.5",
            levels: ["users": [alice: 50, moderator: 50]]),
        leave("unbanned by a moderator", from: "ban", by: moderator),
        leave("unbanned with too little power", from: "ban", by: moderator, refusedBy: "5.5.3", levels: ["ban": 51]),
        leave(
            "unbanned by who may ban but not kick", from: "ban", by: moderator, refusedBy: "5.5.5", levels: ["kick": 51]
        ),
        leave("an invitation is withdrawn", from: "invite", by: moderator),
    ]

    @Test(arguments: bans + knocks) func rules5_6And5_7BansAndKnocks(_ entry: AuthCase) throws {
        #expect(try entry.verdict().refusal?.rule == entry.refusedBy)
    }

    private static let bans: [AuthCase] = [
        AuthCase("by a moderator") { try $0.factory.member(alice, "ban", by: moderator) },
        AuthCase("by somebody outside", refusedBy: "5.6.1") { try $0.factory.member(alice, "ban", by: bob) },
        AuthCase("with too little power", refusedBy: "5.6.3") {
            try $0.setPowerLevels(["ban": 51])
            return try $0.factory.member(alice, "ban", by: moderator)
        },
        AuthCase("of oneself", refusedBy: "5.6.3") { try $0.factory.member(moderator, "ban") },
        AuthCase("of the creator", refusedBy: "5.6.3") { try $0.factory.member(creator, "ban", by: moderator) },
        AuthCase(
            "of an additional creator by the creator", refusedBy: "5.6.3",
            create: ["additional_creators": [.string(bob)]]
        ) {
            try $0.factory.member(bob, "ban", by: creator)
        },
        AuthCase("of a user with much power by a creator") {
            try $0.setPowerLevels(["users": [alice: 9_007_199_254_740_991]])
            return try $0.factory.member(alice, "ban", by: creator)
        },
    ]

    private static let knocks: [AuthCase] = [
        knock("knock room", rule: "knock"),
        knock("knock room, after leaving", rule: "knock", from: "leave"),
        knock("knock room, again", rule: "knock", from: "knock"),
        knock("knock_restricted", rule: "knock_restricted"),
        knock("knock_restricted in v9", .v9, rule: "knock_restricted", refusedBy: "5.7.1"),
        knock("no knocking before v7", .v6, rule: "knock", refusedBy: "5.8"),
        knock("public room", rule: "public", refusedBy: "5.7.1"),
        knock("invite-only room", rule: "invite", refusedBy: "5.7.1"),
        knock("banned", rule: "knock", from: "ban", refusedBy: "5.7.4"),
        knock("invited", rule: "knock", from: "invite", refusedBy: "5.7.4"),
        knock("already there", rule: "knock", from: "join", refusedBy: "5.7.4"),
        knock("on behalf of somebody else", rule: "knock", by: creator, refusedBy: "5.7.2"),
    ]

    private static func knock(
        _ name: String, _ version: RoomVersion = .v12, rule: String, from membership: String? = nil,
        by sender: String? = nil, refusedBy: String? = nil
    ) -> AuthCase {
        AuthCase(name, version, refusedBy: refusedBy) {
            try $0.set(joinRule: rule)
            if let membership { try $0.set(alice, membership) }
            return try $0.factory.member(alice, "knock", by: sender ?? alice)
        }
    }
}
