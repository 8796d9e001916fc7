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
