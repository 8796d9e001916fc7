import MatrixCore
import Testing

@Suite struct EventSignatureTests {
    private let keys = [EventFactory.key.id: EventFactory.key.publicKey]
    private let other = SigningKey(version: "other", seed: [UInt8](repeating: 9, count: 32))!

    @Test func survivesRedaction() throws {
        for version in RoomVersion.supported {
            var factory = EventFactory(version)
            _ = try factory.create()
            let event = try factory.member("@a:one.example", "join", content: ["displayname": "A", "reason": "why"])
            let redacted = try event.redacted()
            #expect(redacted.isSigned(by: event.sender.serverName, keys: keys))
            #expect(redacted.content["displayname"] == nil && redacted.membership == .join)
            #expect(try Event(stored: redacted.bytes, eventID: nil, version: version).eventID == event.eventID)
        }
    }

    @Test func needsAKnownKeyAndAGoodSignature() throws {
        var factory = EventFactory(.v12)
        _ = try factory.create()
        let event = try factory.member("@a:one.example", "join")
        let server = event.sender.serverName
        let two = try #require(ServerName("two.example"))
        #expect(event.isSigned(by: server, keys: keys))
        #expect(!event.isSigned(by: two, keys: keys))
        #expect(!event.isSigned(by: server, keys: [:]))
        #expect(!event.isSigned(by: server, keys: [other.id: other.publicKey]))
        #expect(!event.isSigned(by: server, keys: [EventFactory.key.id: other.publicKey]))
        let both = try event.signed(by: two, with: other)
        #expect(both.eventID == event.eventID)
        #expect(both.isSigned(by: two, keys: [other.id: other.publicKey]) && both.isSigned(by: server, keys: keys))
        #expect(both.hasSignature(of: two) && !event.hasSignature(of: two))
        #expect(try Event.receive(both.json, in: .v12).event.bytes == both.bytes)
    }

    @Test func oneBadSignatureWithAKnownKeySpoilsTheOthers() throws {
        var factory = EventFactory(.v12)
        _ = try factory.create()
        let event = try factory.member("@a:one.example", "join")
        var json = try event.signed(by: event.sender.serverName, with: other).json.value()
        json["signatures"]?["one.example"]?[other.id.description] = .string(
            Base64.encode([UInt8](repeating: 1, count: 64)))
        let spoiled = try Event(stored: json.canonicalBytes, eventID: nil, version: .v12)
        #expect(spoiled.isSigned(by: event.sender.serverName, keys: keys))
        var known = keys
        known[other.id] = other.publicKey
        #expect(!spoiled.isSigned(by: event.sender.serverName, keys: known))
    }

    @Test func saysWhoMustSign() throws {
        var factory = EventFactory(.v10)
        _ = try factory.create()
        func signers(_ event: Event) -> [String] { event.requiredSigners.map(\.description) }
        #expect(signers(try factory.member("@a:two.example", "join")) == ["two.example"])
        let restricted: JSONValue = ["join_authorised_via_users_server": "@b:three.example"]
        #expect(
            signers(try factory.member("@a:two.example", "join", content: restricted)) == [
                "two.example", "three.example",
            ])
        #expect(signers(try factory.member("@a:two.example", "leave", content: restricted)) == ["two.example"])
        let offered: JSONValue = ["third_party_invite": ["signed": [:]]]
        #expect(signers(try factory.member("@a:two.example", "invite", by: "@b:one.example", content: offered)).isEmpty)
        var old = EventFactory(.v7)
        _ = try old.create()
        #expect(signers(try old.member("@a:two.example", "join", content: restricted)) == ["two.example"])
        var oldest = EventFactory(.v2)
        _ = try oldest.create()
        var json = try oldest.make("m.room.message").json.value()
        json["event_id"] = "$1:four.example"
        let event = try Event(stored: json.canonicalBytes, eventID: nil, version: .v2)
        #expect(signers(event) == ["one.example", "four.example"])
    }
}
