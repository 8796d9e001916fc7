import MatrixCore
import Testing

@Suite struct ClientEventTests {
    @Test func showsClientsNothingOfTheGraph() throws {
        var factory = EventFactory(.v12)
        let create = try factory.create(["m.federate": true])
        let client = try JSONValue(parsing: create.clientFormat())
        #expect(
            client == [
                "content": ["m.federate": true, "room_version": "12"], "event_id": .string(create.eventID.description),
                "origin_server_ts": .integer(create.originServerTS), "room_id": .string(create.roomID.description),
                "sender": .string(EventFactory.creator), "state_key": "", "type": "m.room.create",
            ])
        let inSync = try JSONValue(parsing: create.clientFormat(includesRoomID: false))
        #expect(inSync["room_id"] == nil)
    }

    @Test func tellsWhatTheServerKnows() throws {
        var factory = EventFactory(.v11)
        _ = try factory.create()
        let event = try factory.make("m.room.message", content: ["body": "x"])
        var unsigned = ClientEventUnsigned()
        unsigned.age = 12
        unsigned.transactionID = "t1"
        unsigned.membership = .join
        unsigned.prevContent = Array("{\"a\":1}".utf8)
        unsigned.redactedBecause = Array("{\"type\":\"m.room.redaction\"}".utf8)
        unsigned.relations = Array("{}".utf8)
        unsigned.strippedState = ("invite_room_state", Array("[]".utf8))
        let client = try JSONValue(parsing: event.clientFormat(unsigned: unsigned))
        #expect(
            client["unsigned"] == [
                "age": 12, "transaction_id": "t1", "membership": "join", "prev_content": ["a": 1],
                "redacted_because": ["type": "m.room.redaction"], "m.relations": [:], "invite_room_state": [],
            ])
    }

    @Test func strippedStateHasFourMembers() throws {
        var factory = EventFactory(.v12)
        _ = try factory.create()
        let name = try factory.make("m.room.name", stateKey: "", content: ["name": "N"])
        let stripped = try JSONValue(parsing: JSONWriter.write { name.writeStrippedState(to: &$0) })
        #expect(
            stripped == [
                "content": ["name": "N"], "sender": .string(EventFactory.creator), "state_key": "",
                "type": "m.room.name",
            ])
    }
}
