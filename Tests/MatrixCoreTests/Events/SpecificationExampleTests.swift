import MatrixCore
import Testing

/// What the pages of the room versions show as examples.
@Suite struct SpecificationExampleTests {
    /// - Spec: https://spec.matrix.org/v1.19/rooms/v4/#event-ids
    @Test func eventIDsOfThePages() throws {
        let chosen = try #require(EventID("$a4ecee13e2accdadf56c1025:example.com"))
        #expect(chosen.hasDomain && chosen.serverName?.description == "example.com")
        let standard = try #require(EventID("$acR1l0raoZnm60CBwAVgqbZqoO/mYU81xysh1u7XcJk"))
        #expect(standard.isHash && !standard.isURLSafeHash)
        for text in ["$CD66HAED5npg6074c6pDtLKalHjVfYb2q4Q3LZgrW6o", "$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg"] {
            #expect(EventID(text)?.isURLSafeHash == true)
        }
        #expect(RoomID("!Nhcu5BS-UMnFX7hBVfVSoXiD7OgH6iRT-xyIuqDnpYQ")?.createEventID?.isURLSafeHash == true)
    }

    /// Common to the examples of all versions.
    private static let base = #"""
        "room_id":"!UcYsUzyxTGDxLBEvLy:example.org","sender":"@alice:example.com","origin_server_ts":1404838188000,
        "depth":12,"type":"m.room.message","content":{"key":"value"},
        "hashes":{"sha256":"thishashcoversallfieldsincasethisisredacted"},
        "signatures":{"example.com":{"ed25519:key_version":
        "these86bytesofbase64signaturecoveressentialfieldsincludinghashessocancheckredactedpdus"}},
        "unsigned":{"age":4612}
        """#

    private static let pairs = #"[["$af232176:example.org",{"sha256":"abase64encodedsha256hashshouldbe43byteslong"}]]"#

    /// - Spec: https://spec.matrix.org/v1.19/rooms/v1/#event-format
    @Test(arguments: [RoomVersion.v1, .v2]) func eventsOfVersions1And2(version: RoomVersion) throws {
        let event = try receive(
            #""event_id":"$a4ecee13e2accdadf56c1025:example.com","auth_events":\#(Self.pairs),"prev_events":\#(Self.pairs)"#,
            version)
        #expect(event.eventID.description == "$a4ecee13e2accdadf56c1025:example.com")
        #expect(event.prevEvents.map(\.description) == ["$af232176:example.org"])
        #expect(event.authEvents == event.prevEvents)
    }

    /// - Spec: https://spec.matrix.org/v1.19/rooms/v3/#event-format
    @Test func eventsOfVersion3() throws {
        let references = #"["$base64encodedeventid","$adifferenteventid"]"#
        let event = try receive(#""auth_events":\#(references),"prev_events":\#(references)"#, .v3)
        #expect(event.prevEvents.map(\.description) == ["$base64encodedeventid", "$adifferenteventid"])
        #expect(event.eventID.isHash)
    }

    /// - Spec: https://spec.matrix.org/v1.19/rooms/v11/#event-format
    @Test(arguments: [RoomVersion.v4, .v5, .v6, .v7, .v8, .v9, .v10, .v11])
    func eventsOfVersions4To11(version: RoomVersion) throws {
        let references = #"["$urlsafe_base64_encoded_eventid","$a-different-event-id"]"#
        let event = try receive(#""auth_events":\#(references),"prev_events":\#(references)"#, version)
        #expect(event.authEvents.map(\.description) == ["$urlsafe_base64_encoded_eventid", "$a-different-event-id"])
        #expect(event.eventID.isURLSafeHash)
    }

    /// - Spec: https://spec.matrix.org/v1.19/rooms/v12/#event-format
    @Test func eventsOfVersion12() throws {
        let references = #"["$urlsafe_base64_encoded_eventid","$a-different-event-id"]"#
        let room = "!Nhcu5BS-UMnFX7hBVfVSoXiD7OgH6iRT-xyIuqDnpYQ"
        let event = try receive(
            #""auth_events":\#(references),"prev_events":\#(references),"room_id":"\#(room)""#, .v12)
        #expect(event.roomID.description == room)
    }

    /// Their hashes are made up: what comes of them is redacted.
    private func receive(_ members: String, _ version: RoomVersion) throws -> Event {
        let received = try Event.receive(JSONDocument(parsing: "{\(Self.base),\(members)}").root, in: version)
        #expect(!received.isContentIntact && received.event.content.count == 0)
        #expect(received.event.depth == 12 && received.event.originServerTS == 1_404_838_188_000)
        return received.event
    }

    /// - Spec: https://spec.matrix.org/v1.19/rooms/v1/#mroompower_levels-events-accept-values-as-strings
    @Test func powerLevelsAsStrings() throws {
        let levels: JSONValue = [
            "ban": "50", "events": ["m.room.power_levels": "100"], "events_default": "0", "state_default": "50",
            "users": ["@example:localhost": "100"], "users_default": "0",
        ]
        let read = try powerLevels(levels, in: .v9)
        #expect(read.required(.ban) == .finite(50) && read.required(.stateDefault) == .finite(50))
        #expect(read.required(type: EventType.powerLevels, isState: true) == .finite(100))
        #expect(read.level(of: try #require(UserID("@example:localhost"))) == .finite(100))
    }

    /// - Spec: https://spec.matrix.org/v1.19/rooms/v1/#mroompower_levels-events-accept-values-as-floats
    @Test func powerLevelsAsFloats() throws {
        let levels: JSONValue = [
            "ban": 50, "events": ["m.room.power_levels": 100], "events_default": 0, "state_default": 50,
            "users": ["@example:example.org": 100, "@alice:localhost": 50, "@bob:localhost": 50.57],
            "users_default": 0,
        ]
        let read = try powerLevels(levels, in: .v5)
        #expect(read.level(of: try #require(UserID("@alice:localhost"))) == .finite(50))
        #expect(read.level(of: try #require(UserID("@bob:localhost"))) == .finite(50))
        #expect(throws: PDUError.self) { _ = try powerLevels(levels, in: .v6) }
    }

    private func powerLevels(_ content: JSONValue, in version: RoomVersion) throws -> PowerLevels {
        var factory = EventFactory(version)
        let create = try factory.create()
        let event = try factory.make(EventType.powerLevels, stateKey: "", content: content)
        let rules = AuthRules(version: version)
        #expect(
            rules.check(event, against: AuthStateMap([create, try factory.member(EventFactory.creator, "join")]))
                .isAllowed)
        return PowerLevels(event: event, create: create, version: version)
    }
}
