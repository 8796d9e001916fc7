import ApusTesting
import Cluster
import DeviceMessages
import Federation
import FederationAPI
import HTTPAPI
import MatrixCore
import Postgres
import RoomsTesting
import Storage
import Testing

/// Messages to devices in transactions of other servers.
@Suite struct ToDeviceMessageTests {
    private func message(
        _ id: String, from sender: UserID, to user: UserID, device: String = "D", _ number: Int
    ) -> JSONValue {
        let content: JSONValue = ["n": .integer(Int64(number))]
        return [
            "edu_type": "m.direct_to_device",
            "content": [
                "sender": .string(sender.description), "type": "org.example", "message_id": .string(id),
                "messages": .object([user.description: .object([device: content])]),
            ],
        ]
    }

    private func receiver(_ home: InboundInstallation, _ pool: PostgresPool? = nil) -> TransactionReceiver {
        var services = home.worker.services
        let base = home.worker.base
        services.toDevice = ToDeviceSending(
            serverName: base.serverName, store: DeviceMessageStore(pool: pool ?? base.pool), interning: base.interning,
            feed: base.feed, isFederating: true, telemetry: base.telemetry)
        return TransactionReceiver(services)
    }

    private func receive(
        _ edus: [JSONValue], id: String, from origin: PeerServer, _ receiver: TransactionReceiver
    ) async throws {
        let body: JSONValue = ["origin": .string(origin.name.description), "pdus": [], "edus": .array(edus)]
        let bytes = body.canonicalBytes
        let transaction = try Transaction(JSONFields(of: JSONDocument(parsing: bytes).root, named: "body"))
        _ = try await receiver.receive(transaction, id: id, body: bytes, from: origin.name)
    }

    private func inbox(_ home: InboundInstallation, _ user: UserRecord) async throws -> [Int] {
        let page = try await DeviceMessageStore(pool: home.pool).take(for: "D", of: user.nid, seen: nil, upTo: .max)
        return page.messages.compactMap {
            (try? JSONValue(parsing: $0.body))?["content"]?["n"]?.int.map { Int($0) }
        }
    }

    private func alice(_ home: InboundInstallation) async throws -> UserRecord {
        let alice = try await home.worker.base.user("alice")
        try await home.pool.simple(
            "insert into devices (user_nid, device_id, created_ms) values (\(alice.nid.rawValue), 'D', 0)")
        return alice
    }

    @Test func theyAreStoredOnceAndOnlyFromTheirServer() async throws {
        try await InboundInstallation.with { home in
            let alice = try await alice(home)
            let (bob, carol) = (try home.one.server.user("bob"), try home.two.server.user("carol"))
            let taking = receiver(home)
            let first = (0..<3).map { message("m\($0)", from: bob, to: alice.userID, $0) }
            let bad: [JSONValue] = [
                ["edu_type": "m.direct_to_device", "content": ["sender": 1]],
                message("x", from: carol, to: alice.userID, 90), message("y", from: alice.userID, to: alice.userID, 91),
                message("z", from: bob, to: bob, 92),
                ["edu_type": "m.direct_to_device", "content": [:]], ["edu_type": "m.direct_to_device"], 5,
            ]
            try await receive(bad + first, id: "1", from: home.one.server, taking)
            #expect(try await inbox(home, alice) == [0, 1, 2])
            // The same in another transaction, and to another worker.
            let more = first + [message("m3", from: bob, to: alice.userID, 3)]
            try await receive(more, id: "2", from: home.one.server, receiver(home))
            try await receive(first, id: "3", from: home.one.server, taking)
            #expect(try await inbox(home, alice) == [0, 1, 2, 3])
            try await receive(
                [message("m0", from: carol, to: alice.userID, 4)], id: "1", from: home.two.server, taking)
            #expect(try await inbox(home, alice) == [0, 1, 2, 3, 4], "ids are each server's own")
        }
    }

    @Test func whatCouldNotBeStoredIsNotAcknowledged() async throws {
        try await InboundInstallation.with { home in
            let alice = try await alice(home)
            let edus = [message("m", from: try home.one.server.user("bob"), to: alice.userID, 1)]
            try await home.pool.simple("alter table device_messages rename to elsewhere")
            let taking = receiver(home)
            await #expect(throws: (any Error).self) {
                try await receive(edus, id: "1", from: home.one.server, taking)
            }
            try await home.pool.simple("alter table elsewhere rename to device_messages")
            try await receive(edus, id: "1", from: home.one.server, taking)
            #expect(try await inbox(home, alice) == [1])
        }
    }
}
