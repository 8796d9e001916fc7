import ApusTesting
import DeviceMessages
import Encryption
import Federation
import FederationAPI
import HTTPAPI
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Telemetry
import Testing

/// Messages about devices in transactions of other servers.
@Suite struct DeviceListMessageTests {
    private func update(_ fields: [String: JSONValue], _ type: String = "m.device_list_update") -> JSONValue {
        ["edu_type": .string(type), "content": .object(fields)]
    }

    /// What no server in its right mind says of the devices of a user.
    private func rubbish(of bob: UserID, and carol: UserID) throws -> [JSONValue] {
        let (user, huge) = (JSONValue.string(bob.description), String(repeating: "x", count: 60_000))
        let (mine, other) = (try CrossSigner(bob.description, seed: 20), try CrossSigner(bob.description, seed: 40))
        let good: [String: JSONValue] = ["user_id": user, "device_id": "X", "stream_id": 7, "prev_id": [6]]
        func changed(_ name: String, _ value: JSONValue) -> JSONValue { update(good.merging([name: value]) { $1 }) }
        var edus: [JSONValue] = [
            update([:]), ["edu_type": "m.device_list_update"], ["edu_type": "m.device_list_update", "content": []],
            changed("user_id", .string(carol.description)), changed("user_id", "bob"), changed("user_id", 5),
            changed("device_id", ""), changed("device_id", "a\u{0}b"), changed("device_id", .string(huge)),
            changed("device_id", ["X"]), changed("stream_id", "7"), changed("stream_id", 7.5),
            changed("stream_id", .integer(.max)), changed("stream_id", .integer(.min)), changed("prev_id", 6),
            changed("prev_id", ["six"]), changed("prev_id", .array((0..<5_000).map { .integer($0) })),
            changed("deleted", "perhaps"), changed("device_display_name", .string(huge)),
            changed("device_display_name", "a\u{0}b"), changed("keys", .string(huge)), changed("keys", [:]),
            changed("keys", try KeyedDevice(carol.description, "X", seed: 1).deviceKeys()),
            changed("keys", try KeyedDevice(bob.description, "Y", seed: 1).deviceKeys()),
            changed("keys", try KeyedDevice(bob.description, "X", seed: 1).unsigned),
        ]
        let keys: [[String: JSONValue]] = [
            ["user_id": .string(carol.description)], ["user_id": user], ["user_id": user, "master_key": .string(huge)],
            ["user_id": user, "master_key": try mine.selfSigningKey()],
            ["user_id": user, "master_key": mine.masterKey(), "self_signing_key": try other.selfSigningKey()],
        ]
        edus += keys.map { update($0, "m.signing_key_update") }
        return edus
    }

    /// Neither the events nor the messages beside it are any the worse for it, and the server has no reason to send it again.
    @Test func whatIsWrongFailsNothingElse() async throws {
        try await InboundInstallation.with { home in
            var room = try await home.room()
            let base = home.worker.base
            try await home.pool.simple(
                "insert into devices (user_nid, device_id, created_ms) values (\(room.alice.nid.rawValue), 'D', 0)")
            let lists = RemoteDeviceLists(
                store: RemoteDeviceStore(pool: home.pool, own: base.rooms.writing.localServerNID),
                interning: base.interning, feed: base.feed, clock: base.telemetry.clock, source: nil)
            var services = home.worker.services
            services.deviceLists = lists
            services.toDevice = ToDeviceSending(
                serverName: base.serverName, store: DeviceMessageStore(pool: home.pool), interning: base.interning,
                feed: base.feed, isFederating: true, telemetry: base.telemetry)
            let event = try room.view.say("hello", as: room.bob, of: home.one.server)
            let message: JSONValue = [
                "edu_type": "m.direct_to_device",
                "content": [
                    "sender": .string(room.bob.description), "type": "org.example", "message_id": "1",
                    "messages": .object([room.alice.userID.description: ["D": [:]]]),
                ],
            ]
            let edus = try rubbish(of: room.bob, and: room.carol) + [message]
            let body: JSONValue = [
                "origin": .string(home.one.server.name.description), "pdus": [event.json.value()], "edus": .array(edus),
            ]
            let bytes = body.canonicalBytes
            let transaction = try Transaction(JSONFields(of: JSONDocument(parsing: bytes).root, named: "body"))
            let answer = try await TransactionReceiver(services).receive(
                transaction, id: "1", body: bytes, from: home.one.server.name)
            #expect(answer.failures == [event.eventID: nil])
            #expect(try await room.messages() == ["hello"])
            let inbox = try await DeviceMessageStore(pool: home.pool).take(
                for: "D", of: room.alice.nid, seen: nil, upTo: .max)
            #expect(inbox.messages.count == 1)
            // Of her nobody but her own server says anything.
            let carol = try await base.interning.user(room.carol)
            let told = try await base.log.rows(of: carol.shard, after: 0)
            #expect(!told.contains { $0.tellsOfDevices && $0.userNID == carol.nid })
            // Nothing of it was kept: the server is asked.
            #expect(try await lists.keys(of: [room.bob, room.carol]).isEmpty)
        }
    }
}
