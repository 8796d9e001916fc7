import ApusTesting
import Cluster
import Encryption
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Telemetry
import Testing

/// What other servers are told of the devices of this server's users.
@Suite(.serialized) struct DeviceListSendingTests {
    private static let update = "m.device_list_update"
    private static let note = Statement(
        "test.note_device_list", "select new_position, previous from note_device_list($1, $2, $3, $4)")

    /// Something about devices changed.
    private func change(_ devices: [String], of user: UserRecord, _ server: SenderFixture) async throws {
        var row = try await server.pool.query(Self.note, user.shard, user.nid.rawValue, Int64(1), devices).first
        let position = LogPosition(
            shard: user.shard, position: try row?.next(Int64.self) ?? 0, previous: try row?.next(Int64.self) ?? 0)
        server.feed.announce(.deviceLists, at: position, user: user.nid)
    }

    /// Whether each update builds on the one before it.
    private func isChain(_ updates: [JSONValue]) -> Bool {
        zip(updates, updates.dropFirst()).allSatisfy { $1["prev_id"]?.array == [$0["stream_id"] ?? .null] }
    }

    @Test func whoSharesARoomIsToldAndNobodyElse() async throws {
        try await SenderFixture.with { server in
            let (alice, other) = (try await server.user("alice"), try await server.user("other"))
            let (room, elsewhere) = (try await server.room(by: alice), try await server.room(by: other))
            try await server.join(room, try await server.user("bob", on: "b"))
            try await server.join(elsewhere, try await server.user("carol", on: "c"))
            try await server.sending {
                let phone = try await server.device("PHONE", of: alice, seed: 1)
                // That it came, and its keys.
                try await server.federation.wait { $0.edus(at: "b.example", ofType: Self.update).count == 2 }
                let told = server.federation.edus(at: "b.example", ofType: Self.update)
                for update in told {
                    #expect(update["user_id"] == "@alice:example.org" && update["device_id"] == "PHONE")
                    #expect(update["device_display_name"] == "a PHONE" && update["deleted"] == nil)
                }
                #expect(told.first?["prev_id"] == [] && isChain(told))
                #expect(told.last?["keys"] == (try phone.deviceKeys()))
                _ = try await server.device("TABLET", of: alice, seed: 2)
                let closed = try await DeviceStore(pool: server.pool).close(["PHONE"], of: alice, now: 1)
                server.feed.announce(.deviceLists, at: try #require(closed.deviceLists), user: alice.nid)
                try await server.federation.wait { federation in
                    federation.edus(at: "b.example", ofType: Self.update).contains { $0["deleted"] == true }
                }
                let updates = server.federation.edus(at: "b.example", ofType: Self.update)
                #expect(isChain(updates))
                #expect(updates.last?["keys"] == nil && updates.last?["device_id"] == "PHONE")
                // Cross-signing keys go without numbers, and leave the chain as it is.
                let signer = try await server.crossSigning(of: alice, seed: 20)
                try await server.federation.wait { $0.edus(at: "b.example", ofType: "m.signing_key_update").count == 1 }
                #expect(
                    server.federation.edus(at: "b.example", ofType: "m.signing_key_update") == [
                        [
                            "user_id": "@alice:example.org", "master_key": signer.masterKey(),
                            "self_signing_key": try signer.selfSigningKey(),
                        ]
                    ])
                try await change(["TABLET", "A", "B"], of: alice, server)
                try await server.federation.wait { federation in
                    federation.edus(at: "b.example", ofType: Self.update).contains {
                        $0["device_id"] == "TABLET" && $0["prev_id"] != []
                    }
                        && federation.edus(at: "b.example", ofType: Self.update).contains { $0["device_id"] == "B" }
                }
                #expect(isChain(server.federation.edus(at: "b.example", ofType: Self.update)))
                #expect(server.federation.transactions(to: "c.example").isEmpty)
            }
        }
    }

    @Test func aServerThatWasAwayIsToldEachDeviceOnce() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let room = try await server.room(by: alice)
            try await server.join(room, try await server.user("bob", on: "b"))
            try await server.sending {
                _ = try await server.device("PHONE", of: alice, seed: 1)
                try await server.federation.wait { $0.edus(at: "b.example", ofType: Self.update).count == 2 }
                server.federation.refuse("b.example", with: 502)
                try await change(["PHONE"], of: alice, server)
                try await server.federation.wait { _ in try await server.record("b.example")?.trouble != nil }
                for _ in 0..<20 { try await change(["PHONE"], of: alice, server) }
                try await change(["TABLET"], of: alice, server)
                server.federation.refuse("b.example", with: nil)
                try await server.pass(60)
                try await server.federation.wait { federation in
                    federation.edus(at: "b.example", ofType: Self.update).contains { $0["device_id"] == "TABLET" }
                }
                let updates = server.federation.edus(at: "b.example", ofType: Self.update)
                // Once, and what was taken up only after it had begun to catch up one by one.
                #expect(updates.count < 20, "\(updates.count)")
                #expect(updates.last?["device_id"] == "TABLET")
                #expect(isChain(updates))
                // And it goes on from there.
                try await change(["PHONE"], of: alice, server)
                try await server.federation.wait {
                    $0.edus(at: "b.example", ofType: Self.update).count == updates.count + 1
                }
                #expect(isChain(server.federation.edus(at: "b.example", ofType: Self.update)))
            }
        }
    }

    @Test func aServerThatMissedMuchIsToldToAsk() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let room = try await server.room(by: alice)
            try await server.join(room, try await server.user("bob", on: "b"))
            try await server.sending {
                _ = try await server.device("PHONE", of: alice, seed: 1)
                try await server.federation.wait { $0.edus(at: "b.example", ofType: Self.update).count == 2 }
                // All devices of a user at once: it does better to ask.
                try await change((0..<(OwnDeviceLists.maxUpdates + 1)).map { "D\($0)" }, of: alice, server)
                try await server.federation.wait { $0.edus(at: "b.example", ofType: Self.update).count == 3 }
                let updates = server.federation.edus(at: "b.example", ofType: Self.update)
                #expect(!isChain(updates) && updates.last?["prev_id"]?.array?.count == 1)
                // More changes than are remembered.
                server.federation.refuse("b.example", with: 502)
                try await change(["PHONE"], of: alice, server)
                try await server.federation.wait { _ in try await server.record("b.example")?.trouble != nil }
                for _ in 0..<60 { try await change(["PHONE"], of: alice, server) }
                server.federation.refuse("b.example", with: nil)
                try await server.pass(60)
                try await server.federation.wait { $0.edus(at: "b.example", ofType: Self.update).count >= 4 }
                let all = server.federation.edus(at: "b.example", ofType: Self.update)
                // What was taken up after it had begun to catch up comes one by one.
                #expect(!isChain(Array(all[2...3])) && isChain(Array(all[3...])))
            }
        }
    }
}
