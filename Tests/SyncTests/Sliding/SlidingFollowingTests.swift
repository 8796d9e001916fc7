import ApusTesting
import Ephemeral
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Sync
import Telemetry
import Testing

/// Where a client was told all that it asks for, only rooms with something new are looked at. What comes out must be what a look
/// at all rooms brings.
struct SlidingFollowingTests {
    private static let filters: [(String, SlidingRequest.List)] = {
        var windows = SlidingRequest.List.newest(timeline: 2, state: [("m.room.name", "")], lazy: true)
        windows.ranges = [0...1, 4...5]
        return [
            ("windows", windows),
            ("open", .newest(3, timeline: 3) { $0.isEncrypted = false }),
            ("all", .newest(timeline: 1, state: [("m.room.member", nil)])),
            ("direct", .newest(2) { $0.isDirect = true }),
            ("tagged", .newest { $0.tags = ["u.a"] }),
        ]
    }()

    @Test(arguments: (1...6).map { UInt64($0) })
    func tellsWhatALookAtAllRoomsTells(seed: UInt64) async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { following in
                try await installation.withWorker { forgetful in
                    var random = SeededRandomSource(seed: seed)
                    let (alice, bob) = (try await following.user("alice"), try await following.user("bob"))
                    var rooms: [RoomID] = []
                    for _ in 0..<8 { rooms.append(try await following.room(by: alice, members: [bob])) }
                    // A request for each list by itself, and one for some together.
                    let requests = Self.filters.map { [$0] } + [Array(Self.filters.prefix(2))]
                    var positions: [String?] = Array(repeating: nil, count: requests.count)
                    for step in 0..<30 {
                        if step > 0 { try await Self.act(&random, rooms, following, alice, bob) }
                        for (number, lists) in requests.enumerated() {
                            func ask(_ worker: TestWorker) async throws -> JSONDocument {
                                try await worker.slide(bob, at: positions[number], connection: "\(number)") {
                                    $0.lists = Dictionary(uniqueKeysWithValues: lists)
                                    $0.subscriptions[rooms[3]] = SlidingRoomConfig(
                                        timelineLimit: 4, requiredState: .these([("m.room.topic", "")]))
                                    $0.extensions.accountData = SlidingExtensionRequests.Scope()
                                    $0.extensions.receipts = SlidingExtensionRequests.Scope()
                                }
                            }
                            // It never gave this position out, so it remembers nothing of it.
                            let whole = try await ask(forgetful)
                            let answer = try await ask(following)
                            #expect(
                                Self.content(answer) == Self.content(whole), "seed \(seed), step \(step), \(number)")
                            positions[number] = answer.position
                        }
                    }
                }
            }
        }
    }

    private static func act(
        _ random: inout SeededRandomSource, _ rooms: [RoomID], _ worker: TestWorker, _ alice: UserRecord,
        _ bob: UserRecord
    ) async throws {
        for _ in 0...random.number(below: 3) {
            let room = rooms[Int(random.number(below: UInt64(rooms.count)))]
            do {
                switch random.number(below: 16) {
                case 0: _ = try await worker.rooms.leave(room, as: bob)
                case 1: _ = try await worker.rooms.join(room, as: bob)
                case 2: _ = try await worker.rooms.kick(bob.userID, from: room, by: alice, reason: nil)
                case 3: _ = try await worker.rooms.invite(bob.userID, to: room, by: alice)
                case 4:
                    try await worker.set(
                        EventType.encryption, to: ["algorithm": "m.megolm.v1.aes-sha2"], in: room, as: alice)
                case 5: try await worker.setAccountData("m.direct", of: bob, to: #"{"@a:example.org":["\#(room)"]}"#)
                case 6: try await worker.setAccountData("m.tag", in: room, of: bob, to: #"{"tags":{"u.a":{}}}"#)
                case 7: try await worker.setAccountData("m.fully_read", in: room, of: bob, to: #"{"event_id":"$e"}"#)
                case 8:
                    try await worker.set(
                        EventType.name, to: ["name": .string("\(random.next())")], in: room, as: alice)
                case 9:
                    let event = try await worker.say("read", in: room, as: alice)
                    try await worker.receipts.update(.init(read: event), by: bob, in: room)
                default: try await worker.say("\(random.next())", in: room, as: alice)
                }
            } catch let error as MatrixError {
                #expect((400..<404).contains(error.status), "\(error)")
            }
        }
    }

    /// The answer but for its position, and how long ago things happened.
    private static func content(_ answer: JSONDocument) -> JSONValue {
        func settled(_ value: JSONValue) -> JSONValue {
            switch value {
            case .object(let members):
                let kept = members.filter { !["pos", "age"].contains($0.key) }
                return .object(kept.mapValues(settled))
            case .array(let elements): return .array(elements.map(settled))
            case .null, .bool, .integer, .float, .string: return value
            }
        }
        return settled(answer.root.value())
    }
}
