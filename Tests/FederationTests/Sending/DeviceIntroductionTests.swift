import ApusTesting
import Encryption
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// What servers are told of the devices of users with whom they begin to share a room.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#device-management
@Suite(.serialized) struct DeviceIntroductionTests {
    private static let update = "m.device_list_update"
    private static let signing = "m.signing_key_update"

    /// A server that brings somebody into a room with ours.
    @Test func aServerThatComesIsToldOfThoseWhoHaveKeys() async throws {
        try await SenderFixture.with { server in
            let alice = try await server.user("alice")
            let (room, second) = (try await server.room(by: alice), try await server.room(by: alice))
            try await server.rooms.join(room, as: try await server.user("eve"))
            let phone = try await server.device("PHONE", of: alice, seed: 1)
            let signer = try await server.crossSigning(of: alice, seed: 20)
            try await server.sending {
                try await server.join(room, try await server.user("bob", on: "b"))
                try await server.federation.wait { $0.edus(at: "b.example", ofType: Self.update).count == 1 }
                let told = try #require(server.federation.edus(at: "b.example", ofType: Self.update).first)
                #expect(told["user_id"] == "@alice:example.org" && told["device_id"] == "PHONE")
                #expect(told["keys"] == (try phone.deviceKeys()))
                // What comes before it may be missing there, and is asked for then.
                #expect(told["prev_id"]?.array?.count == 1)
                let keys = server.federation.edus(at: "b.example", ofType: Self.signing)
                #expect(keys.map { $0["master_key"] } == [signer.masterKey()])
                // A second room, and a second user of that server, are no news.
                try await server.join(second, try await server.user("bob", on: "b"))
                try await server.join(room, try await server.user("bill", on: "b"))
                try await server.join(second, try await server.user("carol", on: "c"))
                try await server.federation.wait { $0.edus(at: "c.example", ofType: Self.update).count == 1 }
                try await server.say("hello", in: second, as: alice)
                try await server.federation.wait { $0.texts(at: "b.example") == ["hello"] }
                #expect(server.federation.edus(at: "b.example", ofType: Self.update).count == 1)
                #expect(server.federation.edus(at: "b.example", ofType: Self.signing).count == 1)
            }
        }
    }

    /// One of ours who comes into a room with other servers: these hear of the devices when they know that the user is there.
    @Test func theServersOfARoomAreToldOfWhoComes() async throws {
        try await SenderFixture.with { server in
            let (alice, other) = (try await server.user("alice"), try await server.user("other"))
            let (room, shared) = (try await server.room(by: other), try await server.room(by: other))
            for host in ["b", "c"] { try await server.join(room, try await server.user("bob", on: host)) }
            try await server.rooms.join(shared, as: alice)
            try await server.join(shared, try await server.user("bob", on: "b"))
            _ = try await server.device("PHONE", of: alice, seed: 1)
            try await server.sending {
                try await server.rooms.join(room, as: alice)
                try await server.federation.wait { $0.edus(at: "c.example", ofType: Self.update).count == 1 }
                let transactions = server.federation.transactions(to: "c.example")
                let joined = try #require(
                    transactions.firstIndex { $0.pdus.contains { $0["type"] == "m.room.member" } })
                let told = try #require(transactions.firstIndex { !$0.edus.isEmpty })
                #expect(joined < told)
                try await server.say("hello", in: room, as: alice)
                try await server.federation.wait { $0.texts(at: "b.example") == ["hello"] }
                #expect(server.federation.edus(at: "b.example", ofType: Self.update).isEmpty)
            }
        }
    }

    @Test func inARoomOfVeryManyServersNoneIsTold() async throws {
        try await SenderFixture.with { server in
            let (alice, other) = (try await server.user("alice"), try await server.user("other"))
            let room = try await server.room(by: other)
            for number in 0...50 { try await server.join(room, try await server.user("bob", on: "h\(number)")) }
            _ = try await server.device("PHONE", of: alice, seed: 1)
            try await server.sending {
                try await server.rooms.join(room, as: alice)
                try await server.say("hello", in: room, as: alice)
                try await server.federation.wait { $0.texts(at: "h50.example") == ["hello"] }
                try await server.federation.wait { $0.texts(at: "h0.example") == ["hello"] }
                for host in ["h0.example", "h50.example"] {
                    #expect(server.federation.edus(at: host, ofType: Self.update).isEmpty)
                }
            }
        }
    }
}
