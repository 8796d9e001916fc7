import MatrixCore
import Testing

/// The vectors of the specification.
///
/// - Spec: https://spec.matrix.org/v1.19/appendices/#cryptographic-test-vectors
@Suite struct EventVectorTests {
    private func key() throws -> SigningKey {
        let seed = try #require(Base64.decode("YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1"))
        return try #require(SigningKey(version: "1", seed: seed))
    }

    private func signature(of event: JSONView) throws -> String {
        Base64.encode(try key().privateKey.sign(EventHashes.referenceBytes(of: event, version: .v1)))
    }

    @Test func signsAMinimalEvent() throws {
        let event = try JSONValue(
            parsing: """
                {"room_id": "!x:domain", "sender": "@a:domain", "origin": "domain", "origin_server_ts": 1000000,
                "signatures": {}, "hashes": {}, "type": "X", "content": {}, "prev_events": [], "auth_events": [],
                "depth": 3, "unsigned": {"age_ts": 1000000}}
                """)
        var document = try JSONDocument(parsing: event.canonicalBytes)
        let hash = Base64.encode(try EventHashes.content(of: document.root, version: .v1))
        #expect(hash == "5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos")
        var hashed = event
        hashed["hashes"] = ["sha256": .string(hash)]
        document = try JSONDocument(parsing: hashed.canonicalBytes)
        #expect(
            try signature(of: document.root)
                == "KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg")
    }

    @Test func signsAnEventWithContentThatRedactionRemoves() throws {
        let event = try JSONValue(
            parsing: """
                {"content": {"body": "Here is the message content"}, "event_id": "$0:domain", "origin": "domain",
                "origin_server_ts": 1000000, "type": "m.room.message", "room_id": "!r:domain", "sender": "@u:domain",
                "signatures": {}, "unsigned": {"age_ts": 1000000}}
                """)
        var document = try JSONDocument(parsing: event.canonicalBytes)
        let hash = Base64.encode(try EventHashes.content(of: document.root, version: .v1))
        #expect(hash == "onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g")
        var hashed = event
        hashed["hashes"] = ["sha256": .string(hash)]
        document = try JSONDocument(parsing: hashed.canonicalBytes)
        #expect(
            try signature(of: document.root)
                == "Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA")
    }
}
