import ApusTesting
import Encryption
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Sync
import Testing

/// What it costs to know whose devices changed.
struct DeviceListCostTests {
    /// However many wait and however many rooms they share: the rooms of who changed something are read once.
    @Test func aChangeIsToldToAllWhoWaitFromMemory() async throws {
        try await TestInstallation.with { installation in
            let counter = StatementCounter()
            try await installation.withWorker { writer in
                try await installation.withWorker(observer: counter) { reader in
                    let alice = try await writer.user("alice")
                    var members: [UserRecord] = []
                    for number in 0..<30 { members.append(try await writer.user("u\(number)")) }
                    for _ in 0..<3 { _ = try await writer.room(by: alice, members: members) }
                    var since: [String] = []
                    for member in members { since.append(try await reader.sync(member).next) }
                    for round in 1...2 {
                        let waiting = since
                        let (told, statements) = try await counter.counting {
                            try await withThrowingTaskGroup(of: (Int, Set<String>, String).self) { group in
                                for (index, member) in members.enumerated() {
                                    group.addTask {
                                        let told = try await reader.deviceLists(
                                            member, since: waiting[index], timeout: .seconds(20))
                                        return (index, told.changed, told.next)
                                    }
                                }
                                try await Task.sleep(for: .milliseconds(100))
                                try await writer.changeDevices(of: alice)
                                return try await group.reduce(into: []) { $0.append($1) }
                            }
                        }
                        for (index, changed, next) in told {
                            #expect(changed == [alice.name])
                            since[index] = next
                        }
                        let asked = statements.askedByRequests
                        // Who she shares rooms with is known the second time.
                        #expect((asked["memberships.stays_of_users"] ?? 0) <= (round == 1 ? 1 : 0), "\(asked)")
                        #expect(asked.filter { $0.key.hasPrefix("device_lists") }.isEmpty, "\(asked)")
                        #expect(asked.values.reduce(0, +) <= (round == 1 ? 4 : 0), "\(asked)")
                    }
                }
            }
        }
    }

    /// A room of 50,000 members costs whoever joins it one query.
    @Test func aHugeRoomIsOneQuery() async throws {
        try await TestInstallation.with { installation in
            let counter = StatementCounter()
            try await installation.withWorker(observer: counter) { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice)
                _ = try await worker.room(by: bob)
                let record = try await worker.base.record(room)
                let fill = Statement(
                    "test.fill",
                    """
                    with people as (
                        insert into users (user_id, server_nid, shard)
                            select '@p' || n || ':example.org', $2, 0 from generate_series(1, 50000) as n returning user_nid
                    )
                    insert into memberships (room_nid, user_nid, server_nid, membership, event_nid, shard, position, joined_position)
                        select $1, user_nid, $2, 1, 1, $3, 1, 1 from people
                    """)
                try await worker.pool.execute(fill, record.nid.rawValue, alice.serverNID.rawValue, record.shard)
                let since = try await worker.sync(bob).next
                try await worker.rooms.join(room, as: bob)
                let (changes, statements) = try await counter.counting {
                    try await worker.keyChanges.changes(of: bob.nid, from: since, to: since)
                }
                #expect(changes.changed.count == 50_001 && changes.left.isEmpty)
                #expect(statements.filter { $0.key.hasPrefix("device_lists") } == ["device_lists.meetings": 1])
                let joined = try await worker.sync(bob, since: since)
                #expect(joined.deviceLists("changed").count == 50_001)
                try await worker.rooms.leave(room, as: bob)
                let left = try await worker.keyChanges.changes(of: bob.nid, from: joined.next, to: joined.next)
                #expect(left.left.count == 50_001 && left.changed.isEmpty)
            }
        }
    }
}
