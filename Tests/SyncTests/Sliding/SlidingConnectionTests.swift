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

/// Positions, and what stands behind them.
struct SlidingConnectionTests {
    private static let list = SlidingRequest.List.newest(timeline: 5, state: [("m.room.name", "")], lazy: true)

    private func expectUnknown(
        _ note: Comment? = nil, _ body: () async throws -> JSONDocument
    ) async throws {
        do {
            _ = try await body()
            Issue.record(note ?? "accepted")
        } catch let error as MatrixError {
            #expect(error.errcode == .unknownPosition && error.status == 400, note)
        }
    }

    @Test func theSamePositionGivesTheSameAnswerFromAnyWorker() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { one in
                let (alice, bob) = (try await one.user("alice"), try await one.user("bob"))
                var rooms: [RoomID] = []
                for number in 0..<40 {
                    rooms.append(try await one.room(by: alice, members: [bob], name: "Room \(number)"))
                }
                let first = try await one.slide(alice, list: Self.list)
                #expect(first.slidRooms.count == 40)
                try await one.say("hello", in: rooms[7], as: bob)
                try await installation.withWorker { [rooms] two in
                    // Nothing of the connection is in this worker's memory.
                    var position = first.position
                    for _ in 0..<3 {
                        for worker in [two, one, two] {
                            let answer = try await worker.slide(alice, at: position, list: Self.list)
                            #expect(Array(answer.slidRooms.keys) == [rooms[7].description])
                            #expect(answer.slid(rooms[7])?["initial"] == nil)
                            #expect(answer.slid(rooms[7])?.slidBodies.last == "hello")
                        }
                        // The answer counts once the client comes back with its position.
                        let answer = try await one.slide(alice, at: position, list: Self.list)
                        for worker in [one, two] {
                            #expect(
                                try await worker.slide(alice, at: answer.position, list: Self.list).slidRooms.isEmpty)
                        }
                        position = answer.position
                        try await one.say("hello", in: rooms[7], as: bob)
                    }
                }
            }
        }
    }

    @Test func mostAnswersWriteNothing() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                var rooms: [RoomID] = []
                for _ in 0..<60 { rooms.append(try await worker.room(by: alice, members: [bob])) }
                func states() async throws -> Int64 {
                    let count = Statement(
                        "test.states", "select count(*) from sliding_states where user_nid = $1", mode: .read)
                    return try await worker.pool.query(count, alice.nid.rawValue).first?.get(0, Int64.self) ?? -1
                }
                var position = try await worker.slide(alice, list: Self.list).position
                #expect(try await states() == 1)
                #expect(position.utf8.count < 200)
                for number in 0..<30 {
                    try await worker.say("\(number)", in: rooms[number % 3], as: bob)
                    position = try await worker.slide(alice, at: position, list: Self.list).position
                }
                #expect(try await states() == 1, "only bob's member events are new")
                #expect(position.utf8.count < 400)
                // Much that is different goes into a new state, and the old ones go.
                let wide = SlidingRequest.List.newest(timeline: 20)
                for number in 0..<6 {
                    let list = number % 2 == 0 ? wide : Self.list
                    for room in rooms { try await worker.say("\(number)", in: room, as: bob) }
                    let answer = try await worker.slide(alice, at: position, list: list)
                    #expect(answer.slidRooms.count == 60)
                    position = answer.position
                    #expect(position.utf8.count < 2_000)
                }
                #expect(try await states() <= 1 + SlidingStateStore.maxUnconfirmed)
            }
        }
    }

    @Test func positionsBelongToOneConnection() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                for _ in 0..<60 { _ = try await worker.room(by: alice, members: [bob]) }
                let position = try await worker.slide(alice, list: Self.list, connection: "a").position
                _ = try await worker.slide(alice, at: position, list: Self.list, connection: "a")
                try await expectUnknown("another connection") {
                    try await worker.slide(alice, at: position, list: Self.list, connection: "b")
                }
                try await expectUnknown("another device") {
                    try await worker.slide(alice, at: position, list: Self.list, device: "E", connection: "a")
                }
                try await expectUnknown("another user") {
                    try await worker.slide(bob, at: position, list: Self.list, connection: "a")
                }
                // A forged owner does not help: the state is another's.
                let incarnation = worker.installation.incarnation
                let shards = Int(worker.installation.shardCount)
                let empty = try await worker.slide(bob, connection: "a") { _ in }.position
                var forged = try SlidingPosition(empty, incarnation: incarnation, shards: shards)
                forged.base = try SlidingPosition(position, incarnation: incarnation, shards: shards).base
                #expect(forged.base > 0)
                try await expectUnknown("the state of another") {
                    try await worker.slide(
                        bob, at: forged.encoded(incarnation: incarnation), list: Self.list, connection: "a")
                }
                // Connections do not disturb each other.
                let other = try await worker.slide(alice, list: Self.list, connection: "b")
                #expect(other.slidRooms.count == 60)
                #expect(try await worker.slide(alice, at: position, list: Self.list, connection: "a").slidRooms.isEmpty)
            }
        }
    }

    @Test(arguments: ["", "p", "pAQ", "s72594_4483_1934", "ünï", String(repeating: "p", count: 10_000)])
    func positionsOfNobodyAreUnknown(text: String) async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                try await expectUnknown { try await worker.slide(alice, at: text, list: Self.list) }
            }
        }
    }

    @Test func madeUpPositionsDoNoHarm() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let hidden = try await worker.room(by: bob)
                try await worker.say("hello", in: room, as: bob)
                let incarnation = worker.installation.incarnation
                let text = try await worker.slide(alice, list: Self.list).position
                let good = try SlidingPosition(
                    text, incarnation: incarnation, shards: Int(worker.installation.shardCount))
                let random = SeededRandomSource(seed: 7)
                for _ in 0..<300 {
                    var forged = good
                    let place = Int(random.number(below: UInt64(forged.changes.count)))
                    forged.changes[place] = UInt8(truncatingIfNeeded: random.next())
                    if random.number(below: 3) == 0 { forged.changes.removeLast() }
                    do {
                        let answer = try await worker.slide(
                            alice, at: forged.encoded(incarnation: incarnation), list: Self.list)
                        #expect(answer.slid(hidden) == nil)
                    } catch let error as MatrixError { #expect(error.errcode == .unknownPosition) }
                }
                var future = good
                future.token.log[0] = 1_000_000
                try await expectUnknown("the future") {
                    try await worker.slide(alice, at: future.encoded(incarnation: incarnation), list: Self.list)
                }
                try await expectUnknown("another database") {
                    try await worker.slide(alice, at: good.encoded(incarnation: incarnation &+ 1), list: Self.list)
                }
            }
        }
    }

    @Test func oldPositionsAndStatesExpire() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                for _ in 0..<60 { _ = try await worker.room(by: alice) }
                let incarnation = worker.installation.incarnation
                let text = try await worker.slide(alice, list: Self.list).position
                var old = try SlidingPosition(
                    text, incarnation: incarnation, shards: Int(worker.installation.shardCount))
                old.issuedAt -= 8 * 24
                try await expectUnknown("after a week") {
                    try await worker.slide(alice, at: old.encoded(incarnation: incarnation), list: Self.list)
                }
                // A state that is a day old is stored anew, under another number.
                try await worker.pool.simple("update sliding_states set written_ms = written_ms - 90000000")
                try await installation.withWorker { [old] other in
                    let next = try await other.slide(alice, at: text, list: Self.list)
                    #expect(next.slidRooms.isEmpty)
                    let position = try SlidingPosition(
                        next.position, incarnation: incarnation, shards: Int(other.installation.shardCount))
                    #expect(position.base > old.base)
                }
                // What nobody came for goes when somebody begins a connection.
                try await worker.pool.simple("update sliding_states set written_ms = written_ms - 900000000")
                let bob = try await worker.user("bob")
                for _ in 0..<60 { _ = try await worker.room(by: bob) }
                _ = try await worker.slide(bob, list: Self.list)
                let users = Statement("test.users", "select user_nid from sliding_states", mode: .read)
                #expect(try await worker.pool.query(users).map { try $0.get(0, Int64.self) } == [bob.nid.rawValue])
                try await installation.withWorker { other in
                    try await expectUnknown("gone") { try await other.slide(alice, at: text, list: Self.list) }
                }
            }
        }
    }

    @Test func aDeviceHasSoManyConnections() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                for _ in 0..<60 { _ = try await worker.room(by: alice) }
                var positions: [String] = []
                for number in 0..<(Int(SlidingStateStore.maxConnections) + 2) {
                    positions.append(try await worker.slide(alice, list: Self.list, connection: "c\(number)").position)
                }
                try await installation.withWorker { [positions] other in
                    for (number, position) in positions.enumerated() {
                        if number < 2 {
                            try await expectUnknown("the oldest are gone") {
                                try await other.slide(alice, at: position, list: Self.list, connection: "c\(number)")
                            }
                        } else {
                            _ = try await other.slide(alice, at: position, list: Self.list, connection: "c\(number)")
                        }
                    }
                }
            }
        }
    }

    @Test func waitsForNewsOfAnyWorker() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { writer in
                try await installation.withWorker { reader in
                    let (alice, bob) = (try await writer.user("alice"), try await writer.user("bob"))
                    let room = try await writer.room(by: alice, members: [bob])
                    let other = try await writer.room(by: bob)
                    let first = try await writer.slide(alice, list: Self.list)
                    async let waiting = reader.slide(alice, at: first.position, list: Self.list, timeout: .seconds(20))
                    try await Task.sleep(for: .milliseconds(100))
                    try await writer.say("not yours", in: other, as: bob)
                    try await writer.say("yours", in: room, as: bob)
                    let answer = try await waiting
                    #expect(answer.slid(room)?.slidBodies == ["yours"] && answer.count() == 1)
                    // Nothing comes: the answer has the lists all the same.
                    let start = SystemClock().monotonic
                    let quiet = try await reader.slide(
                        alice, at: answer.position, list: Self.list, timeout: .milliseconds(200))
                    let took = SystemClock().monotonic - start
                    #expect(quiet.slidRooms.isEmpty && quiet.count() == 1)
                    #expect(took > .milliseconds(190) && took < .seconds(3))
                    // Asking for more is answered at once.
                    let wide = SlidingRequest.List.newest(timeline: 50)
                    let more = try await reader.slide(alice, at: quiet.position, list: wide, timeout: .seconds(20))
                    #expect(more.slid(room)?["expanded_timeline"]?.bool == true)
                    async let last = reader.slide(alice, at: more.position, list: wide, timeout: .seconds(20))
                    try await Task.sleep(for: .milliseconds(100))
                    reader.watches.drain()
                    #expect(try await last.slidRooms.isEmpty)
                }
            }
        }
    }

    @Test func whatWasAcknowledgedIsToldWithoutWaiting() async throws {
        try await TestInstallation.with { installation in
            // Nothing tells the other worker: it follows no log here, and there are no hints.
            let (one, two) = (try await installation.worker(), try await installation.worker())
            let (alice, bob) = (try await one.user("alice"), try await one.user("bob"))
            let room = try await one.room(by: alice, members: [bob])
            var position = try await two.slide(bob, list: Self.list).position
            for number in 0..<5 {
                try await one.say("\(number)", in: room, as: alice)
                try await one.set(EventType.name, to: ["name": .string("\(number)")], in: room, as: alice)
                let answer = try await two.slide(bob, at: position, list: Self.list)
                #expect(answer.slid(room)?.slidBodies == ["\(number)"])
                #expect(answer.slid(room)?["name"]?.string == "\(number)")
                let fresh = try await two.slide(bob, list: Self.list, connection: "n")
                #expect(fresh.slid(room)?["name"]?.string == "\(number)")
                position = answer.position
            }
            for worker in [one, two] { await worker.pool.close() }
        }
    }
}
