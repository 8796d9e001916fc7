import ApusTesting
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Synchronization
import Testing

/// Rooms that are open to who is in other rooms, for users of this server.
struct RestrictedRoomTests {
    /// Other servers, none of which answers: notes which are asked.
    private final class Recorder: RemoteRooms {
        private let asked = Mutex<[ServerName]>([])
        var servers: [ServerName] { asked.withLock { $0 } }

        private func refuse(_ servers: [ServerName]) throws -> Never {
            asked.withLock { $0 += servers }
            throw MatrixError.forbidden("nobody is there")
        }

        func join(_ roomID: RoomID, as user: UserRecord, content: JSONView, via servers: [ServerName]) async throws {
            try refuse(servers)
        }
        func knock(_ roomID: RoomID, as user: UserRecord, content: JSONView, via servers: [ServerName]) async throws {
            try refuse(servers)
        }
        func leave(
            _ roomID: RoomID, as user: UserRecord, content: JSONView, via servers: [ServerName]
        ) async throws -> Event { try refuse(servers) }
        func invite(_ event: Event, state: [Event]) async throws -> Event { try refuse([]) }
        func backfill(_ room: RoomRecord, before events: [EventID], limit: Int) async throws -> Bool { false }
        func event(in room: RoomRecord, at milliseconds: Int64, isForwards: Bool) async throws -> TimedEvent? { nil }
        func room(for alias: RoomAlias) async throws -> (roomID: RoomID, servers: [ServerName])? { nil }
    }

    private func restrict(
        _ room: RoomID, to other: RoomID, rule: String = "restricted", by user: UserRecord, _ worker: RoomsWorker
    ) async throws {
        let allow: JSONValue = [["type": "m.room_membership", "room_id": .string(other.description)]]
        try await worker.set(
            EventType.joinRules, to: ["join_rule": .string(rule), "allow": allow], in: room, as: user)
    }

    @Test(arguments: ["restricted", "knock_restricted"])
    func whoIsInAnotherRoomGetsIn(rule: String) async throws {
        try await RoomsWorker.with { worker in
            let alice = try await worker.user("alice")
            let bob = try await worker.user("bob")
            let carol = try await worker.user("carol")
            let space = try await worker.room(by: alice, members: [bob])
            let room = try await worker.room(by: alice)
            try await restrict(room, to: space, rule: rule, by: alice, worker)
            try await worker.rooms.join(room, as: bob)
            let now = try #require(try await worker.rooms.reader.current(try await worker.record(room)))
            let join = try #require(try await now.event(EventType.member, bob.userID.description)).event
            #expect(
                join.content["join_authorised_via_users_server"]?.stringEquals(alice.userID.description) == true)
            let refusal = await #expect(throws: MatrixError.self) { try await worker.rooms.join(room, as: carol) }
            #expect(refusal?.errcode == .forbidden)
            // Whoever was invited needs nobody to vouch for them.
            try await worker.rooms.invite(carol.userID, to: room, by: alice)
            try await worker.rooms.join(room, as: carol)
            try await worker.rooms.ban(bob.userID, from: room, by: alice, reason: nil)
            let banned = await #expect(throws: MatrixError.self) { try await worker.rooms.join(room, as: bob) }
            #expect(banned?.errcode == .forbidden)
        }
    }

    @Test func otherServersAreAskedWhenNobodyHereMayInvite() async throws {
        try await RoomsWorker.with { worker in
            let shared = try await SharedRoom(worker, version: .v10)
            let dora = try await worker.user("dora")
            let space = try await worker.room(by: dora)
            try await shared.set(
                EventType.powerLevels, "",
                ["invite": 50, "users": [shared.alice.userID.description: 100, shared.bob.description: 50]])
            try await restrict(shared.roomID, to: space, by: shared.alice, worker)
            let erik = try await worker.user("erik")
            try await worker.rooms.invite(erik.userID, to: shared.roomID, by: shared.alice)
            try await worker.rooms.join(shared.roomID, as: erik)
            try await worker.rooms.leave(shared.roomID, as: shared.alice)
            let remote = Recorder()
            let refusal = await #expect(throws: MatrixError.self) {
                try await worker.rooms.reaching(remote).join(
                    shared.roomID, as: dora, via: [ServerName("named.example")!])
            }
            #expect(refusal?.errcode == .forbidden)
            // Who was named, and whose user may invite.
            #expect(remote.servers.prefix(2) == [ServerName("named.example")!, shared.one.name])
            #expect(!remote.servers.contains(shared.two.name))
        }
    }
}
