import MatrixCore

private let alice = AuthScene.alice
private let bob = AuthScene.bob
private let moderator = AuthScene.moderator
private let creator = AuthScene.creator

extension RuleCase {
    static let leaveRules: [RuleCase] = [
        .allow(.leaveOneself, "out of the room") {
            try $0.set(alice, "join")
            return try $0.factory.member(alice, "leave")
        },
        .allow(.leaveOneself, "an invitation") {
            try $0.set(alice, "invite")
            return try $0.factory.member(alice, "leave")
        },
        .allow(.leaveOneself, "a knock", in: 7...12) {
            try $0.set(alice, "knock")
            return try $0.factory.member(alice, "leave")
        },
        .refuse(.leaveOneself, "a knock, before there was knocking", in: 1...6) {
            try $0.set(alice, "knock")
            return try $0.factory.member(alice, "leave")
        },
        .refuse(.leaveOneself, "nothing") { try $0.factory.member(alice, "leave") },
        .refuse(.leaveOneself, "twice") {
            try $0.set(alice, "leave")
            return try $0.factory.member(alice, "leave")
        },
        .refuse(.leaveOneself, "a ban") {
            try $0.set(alice, "ban")
            return try $0.factory.member(alice, "leave")
        },
        .refuse(.leaveSender, "a kick by somebody outside") {
            try $0.set(bob, "join")
            try $0.setPowerLevels(["users": [alice: 100]])
            return try $0.factory.member(bob, "leave", by: alice)
        },
        .refuse(.leaveBanned, "a ban is not lifted by who may kick") {
            try $0.setPowerLevels(["kick": 0, "ban": 51])
            try $0.set(alice, "ban")
            return try $0.factory.member(alice, "leave", by: moderator)
        },
        .allow(.leaveLevel, "a kick") {
            try $0.set(alice, "join")
            return try $0.factory.member(alice, "leave", by: moderator)
        },
        .allow(.leaveLevel, "an invitation is taken back") {
            try $0.set(alice, "invite")
            return try $0.factory.member(alice, "leave", by: moderator)
        },
        .allow(.leaveLevel, "a ban is lifted") {
            try $0.set(alice, "ban")
            return try $0.factory.member(alice, "leave", by: moderator)
        },
        .allow(.leaveLevel, "somebody who was never there") { try $0.factory.member(alice, "leave", by: moderator) },
        .refuse(.leaveOtherwise, "whose level is not enough to kick") {
            try $0.setPowerLevels(["kick": 51])
            try $0.set(alice, "join")
            return try $0.factory.member(alice, "leave", by: moderator)
        },
        .refuse(.leaveOtherwise, "who may ban but not kick does not lift bans") {
            try $0.setPowerLevels(["kick": 51, "ban": 0])
            try $0.set(alice, "ban")
            return try $0.factory.member(alice, "leave", by: moderator)
        },
        .refuse(.leaveOtherwise, "somebody of the same level") {
            try $0.setPowerLevels(["users": [moderator: 50, alice: 50]])
            try $0.set(alice, "join")
            return try $0.factory.member(alice, "leave", by: moderator)
        },
        .refuse(.leaveOtherwise, "the creator") { try $0.factory.member(creator, "leave", by: moderator) },
        .refuse(
            .leaveOtherwise, "an additional creator", in: 12...12, create: ["additional_creators": [.string(alice)]]
        ) {
            try $0.set(alice, "join")
            return try $0.factory.member(alice, "leave", by: moderator)
        },
        .refuse(
            .leaveOtherwise, "creators cannot remove each other", in: 12...12,
            create: ["additional_creators": [.string(alice)]]
        ) {
            try $0.set(alice, "join")
            return try $0.factory.member(alice, "leave", by: creator)
        },
        .allow(
            .leaveLevel, "additional creators mean nothing yet", in: 1...11,
            create: ["additional_creators": [.string(alice)]]
        ) {
            try $0.set(alice, "join")
            return try $0.factory.member(alice, "leave", by: moderator)
        },

        .refuse(.banSender, "by somebody outside") {
            try $0.setPowerLevels(["users": [alice: 100]])
            return try $0.factory.member(bob, "ban", by: alice)
        },
        .allow(.banLevel, "somebody in the room") {
            try $0.set(alice, "join")
            return try $0.factory.member(alice, "ban", by: moderator)
        },
        .allow(.banLevel, "somebody who was never there") { try $0.factory.member(bob, "ban", by: moderator) },
        .allow(.banLevel, "somebody banned already") {
            try $0.set(bob, "ban")
            return try $0.factory.member(bob, "ban", by: moderator)
        },
        .refuse(.banOtherwise, "whose level is not enough") {
            try $0.setPowerLevels(["ban": 51])
            return try $0.factory.member(bob, "ban", by: moderator)
        },
        .refuse(.banOtherwise, "somebody of the same level") {
            try $0.setPowerLevels(["users": [moderator: 50, alice: 50]])
            return try $0.factory.member(alice, "ban", by: moderator)
        },
        .allow(.banLevel, "a user of a high level, by a creator", in: 12...12) {
            try $0.setPowerLevels(["users": [alice: 9_007_199_254_740_991]])
            return try $0.factory.member(alice, "ban", by: creator)
        },
        .refuse(.banOtherwise, "oneself") { try $0.factory.member(moderator, "ban") },
        .refuse(.banOtherwise, "the creator") { try $0.factory.member(creator, "ban", by: moderator) },
    ]

    static let knockRules: [RuleCase] =
        ["public", "invite", "restricted", "private"].map { rule in
            .refuse(.knockRule, "the join rule is \(rule)") {
                try $0.set(joinRule: rule)
                return try $0.factory.member(alice, "knock")
            }
        } + [
            .refuse(.knockRule, "no join rule, which means invite") { try $0.factory.member(alice, "knock") },
            .refuse(.knockRule, "a restricted room to knock at, before there were any", in: 7...9) {
                try $0.set(joinRule: "knock_restricted")
                return try $0.factory.member(alice, "knock")
            },
            .allow(.knockRule, "a restricted room to knock at", in: 10...12) {
                try $0.set(joinRule: "knock_restricted")
                return try $0.factory.member(alice, "knock")
            },
            .refuse(.knockSender, "on behalf of somebody else") {
                try $0.set(joinRule: "knock")
                return try $0.factory.member(alice, "knock", by: moderator)
            },
            .allow(.knockMember, "for the first time") {
                try $0.set(joinRule: "knock")
                return try $0.factory.member(alice, "knock")
            },
            .allow(.knockMember, "after having left") {
                try $0.set(joinRule: "knock")
                try $0.set(alice, "leave")
                return try $0.factory.member(alice, "knock")
            },
            .allow(.knockMember, "again") {
                try $0.set(joinRule: "knock")
                try $0.set(alice, "knock")
                return try $0.factory.member(alice, "knock")
            },
        ]
        + ["ban", "invite", "join"].map { membership in
            .refuse(.knockOtherwise, "whose membership is \(membership)") {
                try $0.set(joinRule: "knock")
                try $0.set(alice, membership)
                return try $0.factory.member(alice, "knock")
            }
        }
}
