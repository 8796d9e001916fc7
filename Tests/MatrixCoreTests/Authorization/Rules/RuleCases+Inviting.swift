import MatrixCore
import Testing

private let alice = AuthScene.alice
private let bob = AuthScene.bob
private let moderator = AuthScene.moderator

extension RuleCase {
    static let inviteRules: [RuleCase] = [
        .refuse(.inviteSender, "by somebody outside") { try $0.factory.member(bob, "invite", by: alice) },
        .refuse(.inviteSender, "by somebody who was invited") {
            try $0.set(alice, "invite")
            return try $0.factory.member(bob, "invite", by: alice)
        },
        .refuse(.inviteTarget, "somebody in the room") {
            try $0.set(alice, "join")
            return try $0.factory.member(alice, "invite", by: moderator)
        },
        .refuse(.inviteTarget, "somebody banned") {
            try $0.set(alice, "ban")
            return try $0.factory.member(alice, "invite", by: moderator)
        },
        .allow(.inviteLevel, "anybody may, if nothing else is said") {
            try $0.set(alice, "join")
            return try $0.factory.member(bob, "invite", by: alice)
        },
        .allow(.inviteLevel, "whose level is just enough") {
            try $0.setPowerLevels(["invite": 50])
            return try $0.factory.member(bob, "invite", by: moderator)
        },
        .allow(.inviteLevel, "somebody invited already") {
            try $0.set(bob, "invite")
            return try $0.factory.member(bob, "invite", by: moderator)
        },
        .allow(.inviteLevel, "somebody who knocked", in: 7...12) {
            try $0.set(bob, "knock")
            return try $0.factory.member(bob, "invite", by: moderator)
        },
        .refuse(.inviteOtherwise, "whose level is not enough") {
            try $0.setPowerLevels(["invite": 51])
            return try $0.factory.member(bob, "invite", by: moderator)
        },
    ]

    // MARK: Third-party invitations

    private static func key(_ seed: UInt8) throws -> SigningKey {
        try #require(SigningKey(version: "0", seed: [UInt8](repeating: seed, count: 32)))
    }

    private static func publicKey(_ seed: UInt8) throws -> JSONValue { .string(try key(seed).publicKey.base64) }

    /// What an identity server signs for alice, with its key.
    private static func signed(_ changes: [String: JSONValue?] = [:], by seed: UInt8 = 3) throws -> JSONValue {
        var signed: JSONValue = ["mxid": .string(alice), "token": "token"]
        for (key, value) in changes { signed[key] = value }
        return try JSONSigning.sign(signed, entity: "id.example", key: key(seed))
    }

    /// The moderator's offer lies in the room with the key; alice is invited by it.
    private static func taking(
        _ offer: JSONValue, _ signed: JSONValue?, by sender: String = moderator, from membership: String? = nil,
        in scene: inout AuthScene
    ) throws -> Event {
        scene.state.insert(
            try scene.factory.make(EventType.thirdPartyInvite, stateKey: "token", sender: moderator, content: offer))
        if let membership { try scene.set(alice, membership) }
        var invite: JSONValue = ["display_name": "A"]
        invite["signed"] = signed
        return try scene.factory.member(alice, "invite", by: sender, content: ["third_party_invite": invite])
    }

    static let thirdPartyRules: [RuleCase] = [
        .refuse(.thirdBanned, "the user is banned") {
            try taking(["public_key": publicKey(3)], signed(), from: "ban", in: &$0)
        },
        .refuse(.thirdSigned, "nothing is signed") { try taking(["public_key": publicKey(3)], nil, in: &$0) },
        .refuse(.thirdSigned, "what is signed is no object") {
            try taking(["public_key": publicKey(3)], "x", in: &$0)
        },
        .refuse(.thirdMembers, "no user") {
            try taking(["public_key": publicKey(3)], signed(["mxid": nil]), in: &$0)
        },
        .refuse(.thirdMembers, "no token") {
            try taking(["public_key": publicKey(3)], signed(["token": nil]), in: &$0)
        },
        .refuse(.thirdMembers, "a token that is a number") {
            try taking(["public_key": publicKey(3)], signed(["token": 1]), in: &$0)
        },
        .refuse(.thirdUser, "another user") {
            try taking(["public_key": publicKey(3)], signed(["mxid": .string(bob)]), in: &$0)
        },
        .refuse(.thirdUser, "a user that is a number") {
            try taking(["public_key": publicKey(3)], signed(["mxid": 1]), in: &$0)
        },
        .refuse(.thirdOffer, "another token") {
            try taking(["public_key": publicKey(3)], signed(["token": "other"]), in: &$0)
        },
        .refuse(.thirdSender, "by somebody else than who made the offer") {
            try taking(["public_key": publicKey(3)], signed(), by: AuthScene.creator, in: &$0)
        },
        .allow(.thirdKey, "signed with the key of the offer") {
            try taking(["public_key": publicKey(3)], signed(), in: &$0)
        },
        .allow(.thirdKey, "by somebody who has left since") {
            let event = try taking(["public_key": publicKey(3)], signed(), in: &$0)
            try $0.set(moderator, "leave")
            return event
        },
        .allow(.thirdKey, "somebody who is in the room already") {
            try taking(["public_key": publicKey(3)], signed(), from: "join", in: &$0)
        },
        .allow(.thirdKeys, "signed with one of the keys of the offer") {
            let keys: JSONValue = [["public_key": try publicKey(5)], ["public_key": try publicKey(3)]]
            return try taking(["public_key": publicKey(4), "public_keys": keys], signed(), in: &$0)
        },
        .allow(.thirdKeys, "the offer has a list of keys only") {
            try taking(["public_keys": [["public_key": try publicKey(3)]]], signed(), in: &$0)
        },
        .refuse(.thirdOtherwise, "signed with another key") {
            try taking(["public_key": publicKey(4)], signed(), in: &$0)
        },
        .refuse(.thirdOtherwise, "no signature") {
            try taking(["public_key": publicKey(3)], signed(["signatures": nil], by: 4), in: &$0)
        },
        .refuse(.thirdOtherwise, "changed after it was signed") {
            var changed = try signed()
            changed["extra"] = 1
            return try taking(["public_key": publicKey(3)], changed, in: &$0)
        },
        .refuse(.thirdOtherwise, "the offer has no key") { try taking([:], signed(), in: &$0) },
        .refuse(.thirdOtherwise, "the key of the offer is none") {
            try taking(["public_key": "!", "public_keys": 7], signed(), in: &$0)
        },
    ]
}
