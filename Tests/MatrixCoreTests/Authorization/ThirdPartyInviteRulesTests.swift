import MatrixCore
import Testing

@Suite struct ThirdPartyInviteRulesTests {
    private static let identityKey = SigningKey(version: "0", seed: [UInt8](repeating: 3, count: 32))!
    private static let alice = AuthScene.alice

    private static func signed(_ user: String = alice, token: JSONValue? = "token") throws -> JSONValue {
        var signed: JSONValue = ["mxid": .string(user)]
        signed["token"] = token
        return try JSONSigning.sign(signed, entity: "id.example", key: identityKey)
    }

    private static func invite(
        _ name: String, refusedBy: String? = nil, sender: String = AuthScene.moderator, offer: JSONValue?,
        signed: JSONValue?, from membership: String? = nil
    ) -> AuthCase {
        AuthCase(name, refusedBy: refusedBy) {
            if let offer {
                $0.state.insert(
                    try $0.factory.make(
                        EventType.thirdPartyInvite, stateKey: "token", sender: AuthScene.moderator, content: offer))
            }
            if let membership { try $0.set(alice, membership) }
            var invite: JSONValue = ["display_name": "A"]
            invite["signed"] = signed
            return try $0.factory.member(alice, "invite", by: sender, content: ["third_party_invite": invite])
        }
    }

    @Test func rule5_4_1ThirdPartyInvitations() throws {
        let key = JSONValue.string(Self.identityKey.publicKey.base64)
        let other = JSONValue.string(EventFactory.key.publicKey.base64)
        let offer: JSONValue = ["public_key": key]
        var forged = try Self.signed()
        forged["token"] = "token"
        forged["extra"] = 1
        let cases: [AuthCase] = [
            Self.invite("with its key", offer: offer, signed: try Self.signed()),
            Self.invite(
                "with one of several keys",
                offer: ["public_key": other, "public_keys": [["public_key": other], ["public_key": key]]],
                signed: try Self.signed()),
            Self.invite("banned", refusedBy: "5.4.1.1", offer: offer, signed: try Self.signed(), from: "ban"),
            Self.invite("not signed", refusedBy: "5.4.1.2", offer: offer, signed: nil),
            Self.invite("signed is no object", refusedBy: "5.4.1.2", offer: offer, signed: "x"),
            Self.invite("no token", refusedBy: "5.4.1.3", offer: offer, signed: try Self.signed(token: nil)),
            Self.invite("another user", refusedBy: "5.4.1.4", offer: offer, signed: try Self.signed(AuthScene.bob)),
            Self.invite("no such offer", refusedBy: "5.4.1.5", offer: nil, signed: try Self.signed()),
            Self.invite("other token", refusedBy: "5.4.1.5", offer: offer, signed: try Self.signed(token: "t2")),
            Self.invite(
                "other sender", refusedBy: "5.4.1.6", sender: AuthScene.creator, offer: offer, signed: try Self.signed()
            ),
            Self.invite("other key", refusedBy: "5.4.1.8", offer: ["public_key": other], signed: try Self.signed()),
            Self.invite("no key", refusedBy: "5.4.1.8", offer: [:], signed: try Self.signed()),
            Self.invite("changed after signing", refusedBy: "5.4.1.8", offer: offer, signed: forged),
        ]
        for entry in cases { #expect(try entry.verdict().refusal?.rule == entry.refusedBy, "\(entry.testDescription)") }
    }
}
