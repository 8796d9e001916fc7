import MatrixCore
import Testing

@Suite struct EventParsingTests {
    /// A good PDU of room version 11 or 12, to be spoiled.
    private func pdu(_ version: RoomVersion = .v11) throws -> JSONValue {
        var factory = EventFactory(version)
        let create = try factory.create()
        let event = try factory.make(
            "m.room.message", content: ["body": "hello", "msgtype": "m.text"], prev: [create], auth: [create])
        return event.json.value()
    }

    private func receive(_ json: JSONValue, _ version: RoomVersion = .v11) throws -> ReceivedEvent {
        try Event.receive(JSONDocument(parsing: json.canonicalBytes).root, in: version)
    }

    private func error(_ change: (inout JSONValue) -> Void, _ version: RoomVersion = .v11) throws -> PDUError? {
        var json = try pdu(version)
        change(&json)
        do {
            _ = try receive(json, version)
            return nil
        } catch let error as PDUError {
            return error
        }
    }

    @Test(arguments: RoomVersion.supported)
    func readsWhatItBuilt(version: RoomVersion) throws {
        var factory = EventFactory(version)
        let create = try factory.create()
        let name = try factory.make(
            "m.room.name", stateKey: "", content: ["name": "Räume \u{1F600}"], prev: [create], auth: [create], depth: 2)
        for event in [create, name] {
            var json = event.json.value()
            json["unsigned"] = ["age": 5]
            let received = try receive(json, version)
            #expect(received.isContentIntact)
            #expect(received.event.eventID == event.eventID)
            #expect(received.event.bytes == event.bytes)
            #expect(received.event.roomID == event.roomID)
            #expect(
                received.event.isSigned(
                    by: event.sender.serverName, keys: [EventFactory.key.id: EventFactory.key.publicKey]))
            #expect(event.eventID.hasDomain == (version.eventIDFormat == .chosen))
        }
        #expect(name.authEvents == [create.eventID] && name.prevEvents == [create.eventID])
        #expect(create.roomID.hasDomain != version.namesRoomByCreateEvent)
    }

    @Test func v12NamesTheRoomByItsCreateEvent() throws {
        var factory = EventFactory(.v12)
        let create = try factory.create()
        #expect(create.roomID.description.dropFirst() == create.eventID.description.dropFirst())
        #expect(create.json["room_id"] == nil)
        #expect(throws: PDUError.unexpected(.roomID)) {
            var json = create.json.value()
            json["room_id"] = "!x:one.example"
            _ = try receive(json, .v12)
        }
        #expect(try error({ $0["room_id"] = "!x:one.example" }, .v12) == .malformed(.roomID))
        #expect(try error({ $0["room_id"] = nil }, .v12) == .missing(.roomID))
        #expect(try error({ $0["room_id"] = .string("!" + String(repeating: "a", count: 43)) }) == .malformed(.roomID))
    }

    @Test func refusesDepthsThatCouldKillARoom() throws {
        for depth: JSONValue in [-1, 1.5, "1", nil, [:], .integer(.max), .integer(1 << 53), 1e30] {
            let found = try error { $0["depth"] = depth }
            switch found {
            case .malformed(.depth), .notCanonical: break
            default: Issue.record("depth \(depth): \(String(describing: found))")
            }
        }
        #expect(try error { $0["depth"] = .integer(1 << 53 - 1) } == nil)
        #expect(try error { $0["depth"] = 0 } == nil)
        #expect(try error({ $0["depth"] = -1 }, .v5) == .malformed(.depth))
        #expect(try error({ $0["depth"] = .integer(.max) }, .v5) == nil)
        #expect(try error({ $0["depth"] = 1e30 }, .v5) == .malformed(.depth))
    }

    @Test func nextDepthStaysWithinTheLimit() {
        #expect(Event.depth(following: [], in: .v12) == 1)
        #expect(Event.depth(following: [3, 9, 4], in: .v12) == 10)
        #expect(Event.depth(following: [1 << 53 - 1], in: .v12) == 1 << 53 - 1)
        #expect(Event.depth(following: [.max], in: .v12) == 1 << 53 - 1)
        #expect(Event.depth(following: [.max], in: .v5) == .max)
        #expect(Event.depth(following: [-7], in: .v5) == 1)
    }

    @Test func refusesTimesThatAreNoIntegers() throws {
        #expect(try error { $0["origin_server_ts"] = "1" } == .malformed(.originServerTS))
        #expect(try error({ $0["origin_server_ts"] = 1.5 }, .v5) == .malformed(.originServerTS))
        #expect(try error { $0["origin_server_ts"] = nil } == .missing(.originServerTS))
    }

    @Test func refusesWhatIsNotCanonicalFromVersion6On() throws {
        func isNotCanonical(_ error: PDUError?) -> Bool { if case .notCanonical = error { true } else { false } }
        #expect(isNotCanonical(try error { $0["content"] = ["n": 1.5] }))
        #expect(isNotCanonical(try error { $0["content"] = ["n": .integer(1 << 53)] }))
        #expect(isNotCanonical(try error({ $0["content"] = ["n": 1.5] }, .v6)))
        #expect(try error({ $0["content"] = ["n": 1.5] }, .v5) == nil)
    }

    @Test func refusesWrongTypesAndMissingMembers() throws {
        for field in ["sender", "content", "depth", "hashes", "signatures", "room_id", "prev_events", "auth_events"] {
            for value: JSONValue? in [nil, "7", .null, true] {
                #expect(try error { $0[field] = value } != nil, "\(field)")
            }
        }
        #expect(try error { $0["type"] = nil } == .missing(.type))
        #expect(try error { $0["type"] = 7 } == .malformed(.type))
        #expect(try error { $0["content"] = [] } == .malformed(.content))
        #expect(try error { $0["state_key"] = 5 } == .malformed(.stateKey))
        #expect(try error { $0["state_key"] = .null } == .malformed(.stateKey))
        #expect(try error { $0["hashes"] = [:] } == .malformed(.hashes))
        #expect(try error { $0["sender"] = "nobody" } == .malformed(.sender))
        #expect(try error { $0["prev_events"] = ["x"] } == .malformed(.prevEvents))
        #expect(try error { $0["auth_events"] = [["$a:b", [:]]] } == .malformed(.authEvents))
        #expect(try error { $0["type"] = "m.\u{0}" } == .malformed(.type))
        #expect(throws: PDUError.notAnObject) { _ = try receive([1]) }
    }

    @Test func refusesWhatIsNestedTooDeep() throws {
        func nested(_ depth: Int) -> JSONValue { (0..<depth).reduce(7) { value, _ in ["a": value] } }
        for version in [RoomVersion.v1, .v11, .v12] {
            #expect(try error({ $0["content"] = nested(EventLimits.nesting - 1) }, version) == nil)
            switch try error({ $0["content"] = nested(EventLimits.nesting) }, version) {
            case .notCanonical(.tooDeep): break
            case let other: Issue.record("\(String(describing: other))")
            }
        }
    }

    /// Since version 3 the id is no part of the event. Other servers refuse such events too.
    @Test func refusesAnIDWhereItFollowsFromTheEvent() throws {
        for version in RoomVersion.supported where version.eventIDFormat != .chosen {
            #expect(try error({ $0["event_id"] = "$x:one.example" }, version) == .unexpected(.eventID))
        }
    }

    @Test(arguments: RoomVersion.supported) func tellsTheIDOfWhatItRefuses(version: RoomVersion) throws {
        let good = try pdu(version)
        let goodID = try receive(good, version).event.eventID
        func claimed(_ json: JSONValue) throws -> EventID? {
            Event.claimedEventID(of: try JSONDocument(parsing: json.canonicalBytes).root, in: version)
        }
        #expect(try claimed(good) == goodID)
        for (field, value) in [("depth", "deep" as JSONValue), ("sender", 7), ("signatures", .null), ("type", [])] {
            var bad = good
            bad[field] = value
            #expect(throws: PDUError.self) { _ = try receive(bad, version) }
            // Its own, not that of the good one: in versions with chosen ids it says itself which one it means to be.
            let other = try claimed(bad)
            let id = try #require(other)
            #expect((id == goodID) == (version.eventIDFormat == .chosen || field == "signatures"))
        }
        for nothing: JSONValue in [[], "x", [:], ["content": 7], ["event_id": 7], ["event_id": "x"]] {
            #expect(try claimed(nothing) == nil)
        }
    }

    @Test func refusesWhatIsTooLong() throws {
        let long = JSONValue.string(String(repeating: "é", count: 128))
        #expect(try error { $0["type"] = long } == .tooLong(.type))
        #expect(try error { $0["state_key"] = long } == .tooLong(.stateKey))
        #expect(try error { $0["state_key"] = .string(String(repeating: "a", count: 255)) } == nil)
        #expect(
            try error { $0["sender"] = .string("@" + String(repeating: "a", count: 251) + ":b.c") }
                == .malformed(.sender))
        func ids(_ count: Int) -> JSONValue {
            .array((0..<count).map { .string("$" + String(repeating: "a", count: 40) + "\(100 + $0)") })
        }
        #expect(try error { $0["prev_events"] = ids(20) } == nil)
        #expect(try error { $0["prev_events"] = ids(21) } == .tooLong(.prevEvents))
        #expect(try error { $0["auth_events"] = ids(10) } == nil)
        #expect(try error { $0["auth_events"] = ids(11) } == .tooLong(.authEvents))
        let size = try pdu().canonicalBytes.count
        for (extra, isAllowed) in [
            (EventLimits.eventBytes - size - 7, true), (EventLimits.eventBytes - size - 6, false),
        ] {
            // `"a":"",` are the 7 bytes beside the text.
            let found = try error { $0["a"] = .string(String(repeating: "x", count: extra)) }
            #expect((found == nil) == isAllowed, "\(String(describing: found))")
        }
        // What other servers add under `unsigned` does not count.
        #expect(try error { $0["unsigned"] = .string(String(repeating: "x", count: 70_000)) } == nil)
    }

    @Test func redactsAnEventWhoseContentIsNotWhatWasHashed() throws {
        var json = try pdu()
        let original = try receive(json).event
        json["content"] = ["body": "something else"]
        let received = try receive(json)
        #expect(!received.isContentIntact)
        #expect(received.event.content.count == 0)
        #expect(received.event.eventID == original.eventID)
        #expect(received.event.bytes == (try original.redacted()).bytes)
    }

    @Test func lastOfEqualMembersCounts() throws {
        let text = String(decoding: try pdu().canonicalBytes, as: UTF8.self)
        let doubled = text.replacingFirst("{", with: "{\"depth\":-4,\"sender\":\"@mallory:two.example\",")
        let received = try Event.receive(JSONDocument(parsing: doubled).root, in: .v11)
        #expect(received.isContentIntact)
        #expect(received.event.sender.description == EventFactory.creator)
    }

    @Test func redactsFieldIsReadWhereTheVersionHasIt() throws {
        for version in [RoomVersion.v10, .v11, .v12] {
            var factory = EventFactory(version)
            let create = try factory.create()
            let event = try factory.make(EventType.redaction, content: ["redacts": .string(create.eventID.description)])
            #expect(event.redacts == create.eventID)
            let client = try JSONDocument(parsing: event.clientFormat())
            #expect(client["redacts"]?.string == create.eventID.description)
            #expect(client["content"]?["redacts"]?.string == create.eventID.description)
        }
    }
}

extension String {
    func replacingFirst(_ part: String, with other: String) -> String {
        guard let range = firstRange(of: part) else { return self }
        return replacingCharacters(in: range, other)
    }

    private func firstRange(of part: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(part) { return start..<index(start, offsetBy: part.count) }
            start = index(after: start)
        }
        return nil
    }

    private func replacingCharacters(in range: Range<Index>, _ other: String) -> String {
        String(self[..<range.lowerBound]) + other + self[range.upperBound...]
    }
}
