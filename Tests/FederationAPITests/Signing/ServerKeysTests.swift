import FederationAPI
import MatrixCore
import Testing

@Suite struct ServerKeysTests {
    private let name = ServerName("b.example")!
    private let key = SigningKey(version: "k1", seed: Array(repeating: 9, count: 32))!
    private let second = SigningKey(version: "k2", seed: Array(repeating: 8, count: 32))!
    private let old = SigningKey(version: "k0", seed: Array(repeating: 7, count: 32))!

    private func publish(_ keys: [SigningKey]) throws -> JSONValue {
        try ServerKeys.publish(
            name, keys: keys, old: [old.id: ServerKeys.OldKey(key: old.publicKey, expiredMilliseconds: 500)],
            validUntilMilliseconds: 1000)
    }

    private func read(_ object: JSONValue, of name: ServerName? = nil) throws -> ServerKeys {
        try ServerKeys(JSONDocument(parsing: object.canonicalBytes).root, of: name ?? self.name)
    }

    @Test func whatWePublishIsRead() throws {
        let keys = try read(publish([key, second]))
        #expect(keys.verifyKeys == [key.id: key.publicKey, second.id: second.publicKey])
        #expect(keys.oldVerifyKeys == [old.id: ServerKeys.OldKey(key: old.publicKey, expiredMilliseconds: 500)])
        #expect(keys.validUntilMilliseconds == 1000)
    }

    @Test func keysAreNotBelievedForLong() throws {
        var object = try publish([])
        object["valid_until_ts"] = .integer(.max)
        object["verify_keys"] = ["ed25519:k1": ["key": .string(key.publicKey.base64)]]
        let keys = try read(JSONSigning.sign(object, serverName: name, key: key, strict: false))
        #expect(keys.validUntil(fetchedMilliseconds: 1000) == 1000 + ServerKeys.longestValidityMilliseconds)
        #expect(try read(publish([key])).validUntil(fetchedMilliseconds: 999_999) == 1000)
    }

    @Test func refusesOtherServersAndUnsignedKeys() throws {
        let good = try publish([key])
        #expect(throws: ServerKeys.Failure.otherServer) { try read(good, of: ServerName("c.example")) }
        var unsigned = good
        unsigned["signatures"] = [:]
        #expect(throws: ServerKeys.Failure.unsigned) { try read(unsigned) }
        var changed = good
        changed["valid_until_ts"] = 2000
        #expect(throws: ServerKeys.Failure.unsigned) { try read(changed) }
        // Signed, but by a key that is not among them.
        var foreign = good
        foreign["signatures"] = nil
        #expect(throws: ServerKeys.Failure.unsigned) { try read(JSONSigning.sign(foreign, serverName: name, key: old)) }
        // Signed well by one and badly by another of them.
        var half = try publish([key, second])
        half["signatures"] = [
            "b.example": [
                "ed25519:k1": try #require(half["signatures"]?["b.example"]?["ed25519:k1"]),
                "ed25519:k2": try #require(half["signatures"]?["b.example"]?["ed25519:k1"]),
            ]
        ]
        #expect(throws: ServerKeys.Failure.unsigned) { try read(half) }
    }

    @Test func refusesMalformedKeys() throws {
        let good = try publish([key])
        let changes: [(String, JSONValue?)] = [
            ("server_name", 1), ("valid_until_ts", "1"), ("valid_until_ts", 1.5), ("verify_keys", []),
            ("verify_keys", nil),
            ("verify_keys", ["ed25519:k1": "x"]), ("verify_keys", ["ed25519:k1": ["key": "too short"]]),
            ("old_verify_keys", "x"),
            (
                "verify_keys",
                .object(
                    Dictionary(
                        uniqueKeysWithValues: (0..<100).map {
                            ("ed25519:\($0)", ["key": .string(key.publicKey.base64)])
                        }))
            ),
        ]
        for (member, value) in changes {
            var object = good
            object[member] = value
            #expect(throws: ServerKeys.Failure.malformed, "\(member)") { try read(object) }
        }
    }
}
