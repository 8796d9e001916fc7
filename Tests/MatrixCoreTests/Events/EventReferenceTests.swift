import MatrixCore
import Testing

/// How events name others, in the versions that have pairs and in those that have ids.
@Suite struct EventReferenceTests {
    private func entry(_ text: String, in version: RoomVersion) throws -> EventReference? {
        EventReference(try JSONDocument(parsing: text).root, in: version)
    }

    @Test func readsPairsInVersions1And2() throws {
        let hash = Base64.encode([UInt8](repeating: 7, count: 32))
        for version in [RoomVersion.v1, .v2] {
            let whole = try entry(#"["$a:b.c",{"sha256":"\#(hash)"}]"#, in: version)
            #expect(whole?.eventID.description == "$a:b.c" && whole?.hash == hash)
            for text in [#"["$a:b.c",{}]"#, #"["$a:b.c",{"sha256":"x"}]"#, #"["$a:b.c",{"sha256":7,"md5":"x"}]"#] {
                let reference = try entry(text, in: version)
                #expect(reference?.eventID.description == "$a:b.c" && reference?.hash == nil)
            }
            for text in [
                #""$a:b.c""#, "[]", #"["$a:b.c"]"#, #"["$a:b.c",{},{}]"#, #"["$a:b.c","x"]"#, #"[{},"$a:b.c"]"#,
                "[7,{}]",
                #"["a",{}]"#, #"{"$a:b.c":{}}"#, "null",
            ] {
                #expect(try entry(text, in: version) == nil, "\(text)")
            }
        }
    }

    @Test(arguments: [RoomVersion.v3, .v5, .v12]) func readsIDsSinceVersion3(version: RoomVersion) throws {
        #expect(try entry(#""$abc""#, in: version)?.eventID.description == "$abc")
        for text in [#"["$abc",{}]"#, #"["$abc"]"#, "7", "null", #""abc""#, #""""#] {
            #expect(try entry(text, in: version) == nil, "\(text)")
        }
    }

    @Test func builtEventsNameOthersWithTheirHashes() throws {
        var factory = EventFactory(.v1)
        let create = try factory.create()
        let name = try factory.make("m.room.name", stateKey: "", prev: [create], auth: [create])
        let hash = Base64.encode(create.referenceHash)
        for field in ["prev_events", "auth_events"] {
            #expect(name.json[field]?.value() == [["$1001:one.example", ["sha256": .string(hash)]]])
        }
        #expect(name.prevEvents == [create.eventID] && name.authEvents == [create.eventID])
        #expect(try Event.receive(name.json, in: .v1).event.bytes == name.bytes)
    }

    @Test(arguments: RoomVersion.supported) func noticesWhatIsNamedTwice(version: RoomVersion) throws {
        var factory = EventFactory(version)
        let create = try factory.create()
        let other = try factory.make("m.room.name", stateKey: "")
        let event = try factory.make(EventType.message, prev: [create, other, create], auth: [create])
        #expect(event.prevEvents == [create.eventID, other.eventID])
        let plain = try factory.make(EventType.message, prev: [create], auth: [other, other])
        #expect(plain.authEvents == [other.eventID])
        let rules = AuthRules(version: version)
        let implied = AuthRules.AuthEvent(event: create, isRejected: false)
        #expect(rules.checkAuthEvents(of: plain, [implied], create: implied).refusal?.rule == "3.1")
    }
}
