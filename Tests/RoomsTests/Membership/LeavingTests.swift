import ApusTesting
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Testing

struct LeavingTests {
    private func isForgotten(_ user: UserRecord, _ roomID: RoomID, _ worker: RoomsWorker) async throws -> Bool? {
        let room = try await worker.record(roomID)
        return try await worker.memberships.membership(of: user.nid, in: room.nid)?.record.isForgotten
    }

    @Test func onlyWhatWasLeftCanBeForgotten() async throws {
        try await RoomsWorker.with { worker in
            let alice = try await worker.user("alice")
            let bob = try await worker.user("bob")
            let room = try await worker.room(by: alice, members: [bob])
            for roomID in [room, RoomID("!nowhere:example.org")!] {
                let refusal = await #expect(throws: MatrixError.self) {
                    try await worker.rooms.forget(roomID, as: bob)
                }
                #expect(refusal?.errcode == .unknown)
                #expect(refusal?.status == 400)
            }
            try await worker.rooms.leave(room, as: bob)
            #expect(try await isForgotten(bob, room, worker) == false)
            try await worker.rooms.forget(room, as: bob)
            try await worker.rooms.forget(room, as: bob)
            #expect(try await isForgotten(bob, room, worker) == true)
            try await worker.rooms.join(room, as: bob)
            #expect(try await isForgotten(bob, room, worker) == false)
        }
    }

    @Test func whereLeavingIsForgettingWhoeverGoesForgets() async throws {
        try await MigratedDatabase.with { database in
            let worker = try await RoomsWorker(on: database, forgetsOnLeave: true)
            let alice = try await worker.user("alice")
            let users = [try await worker.user("bob"), try await worker.user("carol"), try await worker.user("dora")]
            let room = try await worker.room(by: alice, members: users)
            try await worker.rooms.leave(room, as: users[0])
            try await worker.rooms.kick(users[1].userID, from: room, by: alice, reason: nil)
            try await worker.rooms.ban(users[2].userID, from: room, by: alice, reason: nil)
            for user in users { #expect(try await isForgotten(user, room, worker) == true, "\(user.userID)") }
            #expect(try await isForgotten(alice, room, worker) == false)
            await worker.pool.close()
        }
    }
}
