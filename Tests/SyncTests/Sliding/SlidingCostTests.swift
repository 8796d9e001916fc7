import ApusTesting
import Cluster
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Sync
import Telemetry
import Testing

/// How often the database is asked.
struct SlidingCostTests {
    /// As a client of today asks.
    private static let list = SlidingRequest.List.newest(
        20, timeline: 1, state: [("m.room.name", ""), ("m.room.encryption", ""), ("m.room.member", "$ME")], lazy: true
    ) { $0.notRoomTypes = ["m.space"] }

    private static func slide(
        _ worker: TestWorker, _ user: UserRecord, at position: String? = nil, connection: String = "",
        timeout: Duration = .zero
    ) async throws -> JSONDocument {
        try await worker.slide(user, at: position, connection: connection, dialect: .unstable, timeout: timeout) {
            $0.lists["list"] = list
            $0.extensions.accountData = SlidingExtensionRequests.Scope()
            $0.extensions.receipts = SlidingExtensionRequests.Scope()
            $0.extensions.typing = SlidingExtensionRequests.Scope()
            $0.extensions.threadSubscriptions = 100
        }
    }

    @Test func aFirstAnswerAsksSomeDozensOfTimes() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { writer in
                let (alice, bob) = (try await writer.user("alice"), try await writer.user("bob"))
                for number in 0..<150 {
                    let room = try await writer.room(
                        by: alice, members: [bob], name: number % 3 == 0 ? nil : "\(number)")
                    try await writer.say("hello", in: room, as: alice)
                }
                let counter = StatementCounter()
                try await installation.withWorker(observer: counter) { worker in
                    let (cold, asked) = try await counter.counting { try await Self.slide(worker, bob) }
                    #expect(cold.slidRooms.count == 20 && cold.count() == 150)
                    // How many share a question depends on who comes at the same moment: 60 to 80, and never one for each room.
                    #expect(asked.values.reduce(0, +) < 100, "\(asked)")
                    // Whoever comes next finds what the first has read.
                    let (warm, again) = try await counter.counting {
                        try await Self.slide(worker, bob, connection: "other")
                    }
                    #expect(warm.slidRooms.count == 20)
                    #expect(again.values.reduce(0, +) <= 10, "\(again)")
                }
            }
        }
    }

    @Test func whatOthersWereToldIsNotReadAgain() async throws {
        try await TestInstallation.with { installation in
            let counter = StatementCounter()
            try await installation.withWorker { writer in
                try await installation.withWorker(observer: counter) { reader in
                    let (alice, bob) = (try await writer.user("alice"), try await writer.user("bob"))
                    var rooms: [RoomID] = []
                    // In some the newest event is a message, in others bob's membership.
                    for number in 0..<6 {
                        let room = try await writer.room(by: alice, name: "Room \(number)")
                        if number < 3 { try await writer.rooms.join(room, as: bob) }
                        try await writer.say("\(number)", in: room, as: alice)
                        if number >= 3 { try await writer.rooms.join(room, as: bob) }
                        rooms.append(room)
                    }
                    let bumps = try await Self.slide(reader, alice)
                    // What was written since the worker has heard of; the state is read again where it is another.
                    try await writer.say("new", in: rooms[0], as: alice)
                    try await writer.set(EventType.name, to: ["name": "Other"], in: rooms[1], as: alice)
                    let named = try await writer.set(EventType.name, to: ["name": "Rude"], in: rooms[2], as: alice)
                    _ = try await writer.rooms.redact(
                        named, in: rooms[2], by: alice, reason: nil, device: "D", transactionID: "1")
                    _ = try await Self.slide(reader, alice, connection: "again")
                    let (answer, statements) = try await counter.counting { try await Self.slide(reader, bob) }
                    for (index, room) in rooms.enumerated() {
                        let told = answer.slid(room)
                        let needed = ["m.room.member|\(alice.userID)", "m.room.member|\(bob.userID)", "m.room.name|"]
                        #expect(told?.slidState == (index < 3 ? needed : needed.filter { $0 != needed[0] }))
                        let names = [1: "Other", 2: nil]
                        #expect(told?["name"]?.string == names[index, default: "Room \(index)"])
                        #expect(told?["joined_count"]?.int == 2)
                        if index > 2 { #expect(told?["bump_stamp"]?.int == bumps.slid(room)?["bump_stamp"]?.int) }
                    }
                    #expect(answer.slid(rooms[0])?.slidBodies == ["new"])
                    let others = statements.keys.filter { name in
                        ["events.of", "rooms.packs", "log.bumps", "log.roots", "memberships.many"].contains {
                            name.hasPrefix($0)
                        }
                    }
                    #expect(others.isEmpty, "\(statements)")
                }
            }
        }
    }

    @Test func newsAreToldFromMemory() async throws {
        try await TestInstallation.with { installation in
            let counter = StatementCounter()
            try await installation.withWorker(observer: counter) { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                var rooms: [RoomID] = []
                for _ in 0..<30 { rooms.append(try await worker.room(by: alice, members: [bob])) }
                // Whoever waits does not ask whether something was missed; so all syncs here wait.
                var position = try await Self.slide(worker, bob).position
                func next(_ timeout: Duration = .seconds(20)) async throws -> JSONDocument {
                    let answer = try await Self.slide(worker, bob, at: position, timeout: timeout)
                    position = answer.position
                    return answer
                }
                try await worker.say("warm", in: rooms[7], as: alice)
                _ = try await next()
                try await worker.say("new", in: rooms[7], as: alice)
                let (answer, asked) = try await counter.counting { try await next() }
                #expect(answer.slid(rooms[7])?.slidBodies == ["new"] && answer.slidRooms.count == 1)
                #expect(asked.askedByRequests.isEmpty, "\(asked)")
                // Only the room with the event is looked at, and those beside it at the ends of the window.
                let examined = worker.base.telemetry.metrics.counter("apus_sliding_rooms_examined_total", help: "")
                let before = examined.value
                for _ in 0..<5 {
                    try await worker.say("more", in: rooms[11], as: alice)
                    #expect(try await next().slidRooms.count == 1)
                }
                #expect(examined.value - before <= 5 * 3, "\(examined.value - before)")
                let (quiet, none) = try await counter.counting { try await next(.milliseconds(50)) }
                #expect(quiet.slidRooms.isEmpty && quiet.count() == 30 && none.askedByRequests.isEmpty, "\(none)")
            }
        }
    }
}
