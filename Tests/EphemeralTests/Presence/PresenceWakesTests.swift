import ApusTesting
import Cluster
import Ephemeral
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

@Suite struct PresenceWakesTests {
    /// One who shares rooms with all wakes each of them once, and a bounded number in a while.
    @Test func wakesEachOnceAndNotAllAtOnce() async throws {
        try await RoomsWorker.with { worker in
            let parts = EphemeralParts(worker)
            let alice = try await worker.user("alice")
            var users: [UserRecord] = []
            for number in 0..<(PresenceWakes.maxWakesATurn + 50) { users.append(try await worker.user("u\(number)")) }
            let members = users
            let room = try await worker.room(by: alice, members: members)
            let other = try await worker.room(by: alice, members: Array(members.prefix(20)))
            #expect(room != other)
            let stranger = try await worker.user("stranger")
            try await worker.following(beside: [parts.wakes.run]) {
                var views: [UserView] = []
                for member in members + [stranger] { views.append(try await parts.watches.view(of: member)) }
                let newest = parts.presence.presence
                await newest.heartbeat(alice.userID, alice.nid, device: "D", as: .online, for: .seconds(30))
                let counts = try await withThrowingTaskGroup(of: (UserNID, WakeReason).self) { group in
                    for view in views {
                        group.addTask {
                            let reason = await parts.watches.wait(
                                for: view.user, after: view.heads, ephemeral: view.ephemeral, limit: .seconds(3))
                            return (view.user.nid, reason)
                        }
                    }
                    return try await group.reduce(into: [UserNID: WakeReason]()) { $0[$1.0] = $1.1 }
                }
                #expect(counts.filter { $0.value == .news }.count == members.count)
                #expect(counts[stranger.nid] == .deadline)
                let view = try await parts.watches.view(of: members[0])
                #expect(try await parts.presence.statuses(for: view, since: 0).map(\.userID) == [alice.userID])
                let strangers = try await parts.watches.view(of: stranger)
                #expect(try await parts.presence.statuses(for: strangers, since: 0).isEmpty)
                #expect(try await parts.presence.statuses(for: strangers, since: nil).isEmpty)
            }
        }
    }

    @Test func roomsInMemoryFollowTheLog() async throws {
        try await RoomsWorker.with { worker in
            let joined = JoinedRooms(store: worker.memberships, feed: worker.feed)
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
            let room = try await worker.record(try await worker.room(by: alice, members: [bob]))
            try await worker.following {
                #expect(
                    try await joined.stays(of: [alice.nid, bob.nid]).mapValues(\.rooms) == [
                        alice.nid: [room.nid], bob.nid: [room.nid],
                    ])
                try await worker.rooms.leave(room.roomID, as: bob)
                let other = try await worker.record(try await worker.room(by: bob))
                try await eventually("the change is seen") {
                    try await joined.stays(of: [bob.nid])[bob.nid]?.rooms == [other.nid]
                }
                #expect(try await joined.stays(of: [bob.nid])[bob.nid]?.left.keys.map { $0 } == [room.nid])
            }
        }
    }
}
