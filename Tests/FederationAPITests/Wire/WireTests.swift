import FederationAPI
import HTTPAPI
import MatrixCore
import NIOCore
import Testing

@Suite struct WireTests {
    private func read<Value: WireReadable>(_ json: String, as type: Value.Type = Value.self) throws -> Value {
        try Value(answer: JSONDocument(parsing: json))
    }

    private func text(_ response: some JSONResponse) throws -> String {
        guard case .buffer(let buffer) = try response.encode().body else { return "" }
        return String(buffer: buffer)
    }

    @Test func oneBadEntryDoesNotCostItsNeighbours() throws {
        let transaction = try read(
            #"{"pdus":[1,{"type":"a"},"x",null,{"type":"b"}],"edus":[{"edu_type":1,"content":{}},{"edu_type":"m.x"},{"edu_type":"m.y","content":{"z":1}},7]}"#,
            as: Transaction.self)
        #expect(transaction.pdus.compactMap { $0["type"]?.string } == ["a", "b"])
        #expect(transaction.edus.map(\.type) == ["m.y"])
        #expect(try read("{}", as: Transaction.self).pdus.isEmpty)
        let ids = try read(#"{"pdu_ids":["$a:b",1,"x"],"auth_chain_ids":["$c:d"]}"#, as: StateIDsAnswer.self)
        #expect(ids.pduIDs.count == 1 && ids.authChainIDs.count == 1)
    }

    @Test func listsAreBounded() {
        func many(_ count: Int, _ item: String) -> String {
            Array(repeating: item, count: count).joined(separator: ",")
        }
        #expect(throws: FederationError.self) { try read("{\"pdus\":[\(many(51, "{}"))]}", as: Transaction.self) }
        #expect(throws: FederationError.self) { try read("{\"edus\":[\(many(101, "{}"))]}", as: Transaction.self) }
        #expect(throws: FederationError.self) { try read("{\"pdus\":[\(many(501, "{}"))]}", as: EventsAnswer.self) }
        #expect(throws: FederationError.self) {
            try read(
                "{\"room_version\":\"12\",\"event\":{},\"invite_room_state\":[\(many(1000, "{}"))]}", as: Invite.self)
        }
    }

    @Test func wrongTypesAreRefused() {
        for json in [#"{"pdus":{}}"#, #"{"pdus":"x"}"#, #"{"edus":1}"#] {
            #expect(throws: FederationError.self) { try read(json, as: Transaction.self) }
        }
        for json in ["{}", #"{"event":[]}"#, #"{"event":null}"#, #"{"event":{},"room_version":1}"#] {
            #expect(throws: FederationError.self) { try read(json, as: MembershipTemplate.self) }
        }
        for json in [#"{"limit":-1}"#, #"{"limit":"x"}"#, #"{"min_depth":1.5}"#, #"{"latest_events":{}}"#] {
            #expect(throws: FederationError.self) { try read(json, as: MissingEvents.self) }
        }
    }

    @Test func aTemplateWithoutAVersionIsOfTheFirst() throws {
        #expect(try read(#"{"event":{}}"#, as: MembershipTemplate.self).roomVersion == "1")
    }

    @Test func limitsAreCut() throws {
        let request = try read(#"{"latest_events":["$a:b"],"limit":9999999}"#, as: MissingEvents.self)
        #expect(request.limit == WireLimits.missingEvents && request.minimumDepth == 0)
        #expect(try read("{}", as: MissingEvents.self).limit == MissingEvents.usualLimit)
    }

    @Test func joinsAreReadWithOrWithoutMembers() throws {
        let answer = try read(
            #"{"state":[],"auth_chain":[],"event":{},"members_omitted":true,"servers_in_room":["a","b"]}"#,
            as: JoinedRoom.self)
        #expect(answer.event != nil)
        #expect(answer.membersOmitted && answer.serversInRoom.count == 2)
        let bare = try read(#"{"state":[],"auth_chain":[]}"#, as: JoinedRoom.self)
        #expect(bare.event == nil && !bare.membersOmitted && bare.serversInRoom.isEmpty)
    }

    @Test func whatIsWrittenIsRead() throws {
        let event = Array(#"{"type":"m.room.create"}"#.utf8)
        let events = EventsAnswer.Response(origin: try #require(ServerName("a")), originServerTS: 5, pdus: [event])
        #expect(try text(events) == #"{"origin":"a","origin_server_ts":5,"pdus":[{"type":"m.room.create"}]}"#)
        let id = try #require(EventID("$a:b"))
        let missing = MissingEvents(earliestEvents: [id], latestEvents: [], limit: 3, minimumDepth: 7)
        let reread = try read(String(decoding: missing.body, as: UTF8.self), as: MissingEvents.self)
        #expect(reread.earliestEvents == [id] && reread.limit == 3 && reread.minimumDepth == 7)
        let result = Transaction.Result(failures: [id: .some("no \"way\"")])
        #expect(try read(text(result), as: Transaction.Result.self).failures == result.failures)
        let invite = Invite.body(roomVersion: "12", event: event, strippedState: [event])
        #expect(try read(String(decoding: invite, as: UTF8.self), as: Invite.self).strippedState.count == 1)
    }

    @Test func profilesKeepOnlyWhatHasTheRightType() throws {
        let profile = try read(#"{"displayname":1,"avatar_url":"mxc://a/b","org.x":{"y":1}}"#, as: ProfileAnswer.self)
        #expect(profile.displayName == nil && profile.avatarURL == "mxc://a/b")
        #expect(profile.values["org.x"] == ["y": 1])
    }
}
