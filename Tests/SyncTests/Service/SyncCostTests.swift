import ApusTesting
import Cluster
import Ephemeral
import MatrixCore
import Postgres
import Rooms
import Storage
import Sync
import Testing

/// How often the database is asked.
struct SyncCostTests {
    private static let lazy = #"{"room":{"state":{"lazy_load_members":true}}}"#

    @Test func newsInOneOfManyRoomsAreToldFromMemory() async throws {
        try await TestInstallation.with { installation in
            let counter = StatementCounter()
            try await installation.withWorker(observer: counter) { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                var rooms: [RoomID] = []
                for _ in 0..<20 { rooms.append(try await worker.room(by: alice, members: [bob])) }
                // Whoever waits does not ask whether something was missed; so all syncs here wait.
                func sync(_ since: String, _ filter: String?) async throws -> JSONDocument {
                    try await worker.sync(bob, since: since, filter: filter, timeout: .seconds(20))
                }
                for filter in [nil, Self.lazy] {
                    var since = try await worker.sync(bob, filter: filter).next
                    try await worker.say("warm", in: rooms[7], as: alice)
                    since = try await sync(since, filter).next
                    // The message itself is written by this worker and asks what it has to.
                    try await worker.say("new", in: rooms[7], as: alice)
                    let (answer, statements) = try await counter.counting { try await sync(since, filter) }
                    #expect(answer.bodies(rooms[7]) == ["new"])
                    #expect(answer.rooms("join").count == 1)
                    #expect(
                        answer.room(rooms[7])?["unread_notifications"]?["notification_count"]?.int
                            == (filter == nil ? 2 : 4))
                    #expect(statements.askedByRequests.isEmpty, "\(statements)")
                    let (quiet, none) = try await counter.counting {
                        try await worker.sync(bob, since: answer.next, filter: filter, timeout: .milliseconds(50))
                    }
                    #expect(quiet.isQuiet && none.askedByRequests.isEmpty, "\(none)")
                }
            }
        }
    }

    @Test func whatManyWaitForIsReadOnce() async throws {
        try await TestInstallation.with { installation in
            let counter = StatementCounter()
            try await installation.withWorker { writer in
                try await installation.withWorker(observer: counter) { reader in
                    let alice = try await writer.user("alice")
                    var members: [UserRecord] = []
                    for number in 0..<60 { members.append(try await writer.user("u\(number)")) }
                    let room = try await writer.room(by: alice, members: members)
                    try await writer.say("warm", in: room, as: alice)
                    var since: [String] = []
                    for member in members { since.append(try await reader.sync(member).next) }
                    let (answers, statements) = try await counter.counting {
                        try await withThrowingTaskGroup(of: [String].self) { group in
                            for (member, since) in zip(members, since) {
                                group.addTask {
                                    try await reader.sync(member, since: since, timeout: .seconds(20)).bodies(room)
                                }
                            }
                            try await Task.sleep(for: .milliseconds(100))
                            try await writer.say("hello", in: room, as: alice)
                            return try await group.reduce(into: []) { $0.append($1) }
                        }
                    }
                    #expect(answers == Array(repeating: ["hello"], count: members.count))
                    // Some come while the first question is on its way; they share the second.
                    #expect((statements["events.of_rooms"] ?? 0) <= 4, "\(statements)")
                    #expect(statements["receipts.unread"] == nil, "\(statements)")
                    let others = statements.askedByRequests.filter { $0.key != "events.of_rooms" }
                    #expect(others.values.reduce(0, +) <= 8, "\(others)")
                }
            }
        }
    }

    @Test(arguments: [nil, lazy])
    func aFirstSyncOfManyRoomsTakesDozensOfQueries(filter: String?) async throws {
        try await TestInstallation.with { installation in
            var rooms: [RoomID] = []
            let (alice, bob) = try await Self.fill(installation, &rooms)
            let counter = StatementCounter()
            try await installation.withWorker(observer: counter) { [rooms] worker in
                _ = alice
                let (answer, statements) = try await counter.counting { try await worker.sync(bob, filter: filter) }
                #expect(answer.rooms("join").count == rooms.count)
                for room in rooms {
                    #expect(answer.bodies(room).last == "hello")
                    #expect(answer.room(room)?["summary"]?["m.joined_member_count"]?.int == 2)
                    let told = answer.state(room) + answer.timeline(room)
                    #expect(told.contains { $0.stateName == "m.room.create|" })
                }
                let count = statements.values.reduce(0, +)
                // Each kind of question is asked a few times, however many rooms there are.
                #expect(count < 100, "\(count): \(statements)")
            }
        }
    }

    @Test(arguments: [nil, lazy])
    func whatOthersWereToldIsNotReadAgain(filter: String?) async throws {
        try await TestInstallation.with { installation in
            let counter = StatementCounter()
            try await installation.withWorker { writer in
                try await installation.withWorker(observer: counter) { reader in
                    let (alice, bob) = (try await writer.user("alice"), try await writer.user("bob"))
                    var rooms: [RoomID] = []
                    for number in 0..<6 {
                        let name = number % 2 == 0 ? "Room \(number)" : nil
                        let room = try await writer.room(by: alice, members: [bob], name: name)
                        for text in 0..<8 { try await writer.say("\(text)", in: room, as: alice) }
                        rooms.append(room)
                    }
                    _ = try await reader.sync(alice, filter: filter)
                    // What was written since the worker has heard of.
                    for room in rooms.prefix(3) { try await writer.say("new", in: room, as: alice) }
                    _ = try await reader.sync(alice, filter: filter)
                    let (answer, statements) = try await counter.counting { try await reader.sync(bob, filter: filter) }
                    for (index, room) in rooms.enumerated() {
                        let newest = (0..<8).map { "\($0)" } + (index < 3 ? ["new"] : [])
                        #expect(answer.bodies(room) == newest)
                        #expect(answer.room(room)?["summary"]?["m.joined_member_count"]?.int == 2)
                        let heroes = answer.room(room)?["summary"]?["m.heroes"]?.array?.compactMap(\.string)
                        #expect(heroes == (index % 2 == 0 ? nil : [alice.userID.description]))
                    }
                    // Who was erased is asked the first time that somebody sees what was said before he came.
                    let others = statements.keys.filter { $0.hasPrefix("events.") && $0 != "events.erased_senders" }
                    #expect(others.isEmpty, "\(statements)")
                    #expect(statements["log.roots"] == nil && statements["log.newest_of_rooms"] == nil)
                    #expect(statements["memberships.many_counts"] == nil && statements["memberships.heroes"] == nil)
                }
            }
        }
    }

    private static let roomCount = 300

    private static func fill(
        _ installation: TestInstallation, _ rooms: inout [RoomID]
    ) async throws -> (UserRecord, UserRecord) {
        let worker = try await installation.worker()
        let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
        rooms = try await withThrowingTaskGroup(of: RoomID.self) { group in
            for number in 0..<Self.roomCount {
                group.addTask {
                    let room = try await worker.room(
                        by: alice, members: [bob], name: number % 2 == 0 ? "Room \(number)" : nil)
                    try await worker.say("hello", in: room, as: alice)
                    return room
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        await worker.pool.close()
        return (alice, bob)
    }
}
