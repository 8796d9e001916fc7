import MatrixCore
import Testing

@Suite struct CrossSigningKeyTests {
    private let fixture = KeyFormFixture()

    private func read(_ value: JSONValue, _ usage: CrossSigningKey.Usage) throws -> CrossSigningKey {
        try CrossSigningKey(fixture.view(value), of: fixture.user, as: usage)
    }

    private func refusal(_ value: JSONValue, _ usage: CrossSigningKey.Usage = .master) throws -> Errcode? {
        let view = try fixture.view(value)
        do {
            _ = try CrossSigningKey(view, of: fixture.user, as: usage)
            return nil
        } catch { return error.errcode }
    }

    @Test func theMasterKeySignsTheOthers() throws {
        let master = try read(fixture.crossSigningKey(fixture.master, "master"), .master)
        #expect(master.keyID == "ed25519:\(fixture.master.publicKey.base64)")
        for usage in [CrossSigningKey.Usage.selfSigning, .userSigning] {
            let object = fixture.crossSigningKey(fixture.device, usage.name)
            let good = try read(fixture.sign(object, with: fixture.master, as: master.keyID), usage)
            _ = try good.signature(of: fixture.user, master: master.keyID, master.key)
            for bad in [object, try fixture.sign(object, with: fixture.stranger, as: master.keyID)] {
                let key = try read(bad, usage)
                #expect(throws: MatrixError.self) {
                    try key.signature(of: fixture.user, master: master.keyID, master.key)
                }
            }
        }
    }

    @Test func usesAreNotMixedUp() throws {
        let object = fixture.crossSigningKey(fixture.master, "master")
        #expect(try refusal(object, .selfSigning) == .invalidParam)
        #expect(try refusal(object, .userSigning) == .invalidParam)
        #expect(try refusal(object) == nil)
    }

    @Test func whatIsNoKeyIsRefused() throws {
        let good = fixture.crossSigningKey(fixture.master, "master")
        let text = fixture.master.publicKey.base64
        for keys: JSONValue in [
            [:], .object(["ed25519:\(text)": .string(fixture.device.publicKey.base64)]),
            .object(["ed25519:A": .string(text)]), .object(["curve25519:\(text)": .string(text)]),
            .object(["ed25519:\(text)": .string(text), "ed25519:x": "x"]), ["ed25519:AAAA": "AAAA"],
            .object(["ed25519:\(text)": 5]),
        ] {
            var object = good
            object["keys"] = keys
            #expect(try refusal(object) == .invalidParam, "\(keys)")
        }
        for (name, value, code): (String, JSONValue?, Errcode) in [
            ("user_id", "@bob:example.com", .invalidParam), ("user_id", 5, .badJSON), ("user_id", nil, .badJSON),
            ("usage", "master", .badJSON), ("usage", [], .invalidParam), ("keys", [], .badJSON),
            ("keys", nil, .badJSON), ("signatures", 5, .badJSON),
            ("x", .string(String(repeating: "x", count: 10_000)), .tooLarge),
        ] {
            var object = good
            object[name] = value
            #expect(try refusal(object) == code, "\(name)")
        }
    }

    /// The last letter of base64 has two bits without meaning: the same key must not have four names.
    @Test func aKeyHasOneName() throws {
        let text = fixture.master.publicKey.base64
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        let others = letters.map { String(text.dropLast()) + String($0) }.filter {
            $0 != text && Base64.decode($0) == fixture.master.publicKey.bytes
        }
        #expect(others.count == 3)
        for other in others {
            var object = fixture.crossSigningKey(fixture.master, "master")
            object["keys"] = .object(["ed25519:\(other)": .string(other)])
            #expect(try refusal(object) == .invalidParam)
        }
    }
}
