import ApusTesting
import Cluster
import DeviceMessages
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Sync
import Telemetry
import Testing

/// Messages to devices in both kinds of sync.
struct ToDeviceTests {
    private static let list = SlidingRequest.List.newest(timeline: 1)

    @Test func messagesComeUntilTheirTokenComesBack() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                try await installation.withWorker { other in
                    let (alice, bob) = try await worker.pair()
                    let start = try await worker.sync(bob).next
                    for number in 1...3 { try await worker.tell(bob, number, by: alice) }
                    let first = try await worker.sync(bob, since: start)
                    #expect(first.told == [1, 2, 3])
                    // The answer may have got lost: the same question has the same answer, on any worker.
                    #expect(try await worker.sync(bob, since: start).told == [1, 2, 3])
                    #expect(try await other.sync(bob, since: start).told == [1, 2, 3])
                    #expect(try await worker.stored() == 3)
                    #expect(try await other.sync(bob, since: first.next).told == [])
                    #expect(try await worker.stored() == 0)
                    #expect(try await worker.sync(bob, since: first.next).told == [])
                    #expect(try await worker.sync(bob).told == [], "who begins again is not given them again")
                    // A first sync tells what waits, and acknowledges nothing.
                    try await worker.tell(bob, 4, by: alice)
                    #expect(try await worker.sync(bob).told == [4])
                    let again = try await worker.sync(bob)
                    #expect(again.told == [4])
                    #expect(try await worker.sync(bob, device: "E").told == [], "another device")
                    #expect(try await worker.sync(bob, since: again.next).told == [])
                }
            }
        }
    }

    /// PAINS 6.
    @Test func whoWaitsIsWokenAtOnce() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = try await worker.pair()
                let since = try await worker.sync(bob).next
                let place = try await worker.slide(bob, list: Self.list).position
                let toDevice = SlidingExtensionRequests.ToDevice(since: nil, limit: 100)
                async let v3 = worker.sync(bob, since: since, timeout: .seconds(20)).told
                async let sliding = worker.slide(bob, at: place, timeout: .seconds(20)) {
                    $0.lists["list"] = Self.list
                    $0.extensions.toDevice = toDevice
                }
                try await Task.sleep(for: .milliseconds(200))
                let clock = worker.base.telemetry.clock
                let begun = clock.monotonic
                try await worker.tell(bob, 1, by: alice)
                #expect(try await v3 == [1])
                #expect(try await sliding.slidTold == [1])
                #expect(clock.monotonic - begun < .seconds(5))
            }
        }
    }

    @Test func whatFindsNoPlaceComesAtOnceWithTheNextSync() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = try await worker.pair()
                let room = try await worker.room(by: alice, members: [bob])
                var since = try await worker.sync(bob).next
                for number in 0..<250 { try await worker.tell(bob, number, by: alice) }
                try await worker.say("hello", in: room, as: alice)
                var told: [Int] = []
                var bodies: [String] = []
                for _ in 0..<3 {
                    let answer = try await worker.sync(bob, since: since, timeout: .seconds(30))
                    let again = try await worker.sync(bob, since: since)
                    #expect(answer.told == again.told)
                    told += answer.told
                    bodies += answer.bodies(room)
                    since = answer.next
                }
                #expect(told == Array(0..<250))
                #expect(bodies == ["hello"], "the rooms are not told anew")
                #expect(try await worker.sync(bob, since: since, timeout: .milliseconds(20)).told == [])
                #expect(try await worker.stored() == 0)
            }
        }
    }

    @Test func withoutNewsNothingIsAsked() async throws {
        try await TestInstallation.with { installation in
            let counter = StatementCounter()
            try await installation.withWorker(observer: counter) { worker in
                let (alice, bob) = try await worker.pair()
                try await worker.tell(bob, 1, by: alice)
                var since = try await worker.sync(bob).next
                since = try await worker.sync(bob, since: since).next
                var place = try await worker.slide(bob, list: Self.list).position
                var toDevice: String?
                for round in 0..<3 {
                    let (answers, statements) = try await counter.counting {
                        (
                            try await worker.sync(bob, since: since, timeout: .milliseconds(20)),
                            try await worker.slide(bob, at: place, timeout: .milliseconds(20)) {
                                $0.lists["list"] = Self.list
                                $0.extensions.toDevice = SlidingExtensionRequests.ToDevice(since: toDevice, limit: 100)
                            }
                        )
                    }
                    (since, place) = (answers.0.next, answers.1.position)
                    toDevice = answers.1.slidNext
                    if round > 0 { #expect(statements["device_messages.take"] == nil, "\(statements)") }
                }
            }
        }
    }

    @Test func slidingSyncHasAPlaceOfItsOwn() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = try await worker.pair()
                func next(
                    _ position: String?, _ since: String?, limit: Int = 100, _ timeout: Duration = .zero
                ) async throws -> JSONDocument {
                    try await worker.slide(bob, at: position, timeout: timeout) {
                        $0.lists["list"] = Self.list
                        $0.extensions.toDevice = SlidingExtensionRequests.ToDevice(since: since, limit: limit)
                    }
                }
                for number in 0..<5 { try await worker.tell(bob, number, by: alice) }
                let first = try await next(nil, nil, limit: 2)
                #expect(first.slidTold == [0, 1])
                // Not acknowledged: it comes again, for a new connection as well.
                #expect(try await next(first.position, nil, limit: 2, .seconds(30)).slidTold == [0, 1])
                #expect(try await next(nil, nil, limit: 1).slidTold == [0])
                let second = try await next(first.position, first.slidNext, limit: 2, .seconds(30))
                #expect(second.slidTold == [2, 3], "what waits is told at once")
                #expect(try await worker.stored() == 3)
                let third = try await next(second.position, second.slidNext, limit: 2, .seconds(30))
                #expect(third.slidTold == [4])
                let fourth = try await next(third.position, third.slidNext, limit: 2, .milliseconds(20))
                #expect(fourth.slidTold == [] && fourth.slidNext == third.slidNext)
                #expect(try await worker.stored() == 0)
                // Without the extension nothing is told or lost.
                try await worker.tell(bob, 5, by: alice)
                let without = try await worker.slide(bob, at: fourth.position) { $0.lists["list"] = Self.list }
                #expect(without["extensions"]?["to_device"] == nil)
                #expect(try await next(without.position, fourth.slidNext, .seconds(30)).slidTold == [5])
            }
        }
    }

    @Test func neitherSyncTakesWhatTheOtherHasNotGiven() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = try await worker.pair()
                func slide(_ since: String?) async throws -> JSONDocument {
                    try await worker.slide(bob) {
                        $0.extensions.toDevice = SlidingExtensionRequests.ToDevice(since: since, limit: 100)
                    }
                }
                let start = try await worker.sync(bob).next
                for number in 0..<3 { try await worker.tell(bob, number, by: alice) }
                let v3 = try await worker.sync(bob, since: start)
                let sliding = try await slide(nil)
                #expect(v3.told == [0, 1, 2] && sliding.slidTold == [0, 1, 2])
                try await worker.tell(bob, 3, by: alice)
                // What one of them acknowledges the device has; the rest is there for both.
                #expect(try await slide(sliding.slidNext).slidTold == [3])
                #expect(try await worker.sync(bob, since: start).told == [3])
                #expect(try await worker.sync(bob, since: v3.next).told == [3])
                #expect(try await slide(sliding.slidNext).slidTold == [3])
            }
        }
    }

    @Test func placesOfOthersAreRefusedOrBeginAnew() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = try await worker.pair()
                try await worker.tell(bob, 1, by: alice)
                func slide(_ since: String?) async throws -> [Int] {
                    try await worker.slide(bob) {
                        $0.extensions.toDevice = SlidingExtensionRequests.ToDevice(since: since, limit: 100)
                    }.slidTold
                }
                for since in ["", "0", "s", "t", "t!", "tAAAA", String(repeating: "t", count: 100)] {
                    await #expect(throws: MatrixError.self, "\(since)") { try await slide(since) }
                }
                let incarnation = worker.installation.incarnation
                let future = InboxPlace(after: 1_000)
                #expect(try await slide(InboxToken.encode(future, incarnation: incarnation &+ 1)) == [1])
                #expect(try await worker.stored() == 1)
            }
        }
    }

    @Test func oldWaysToFollowRoomsTakeNothing() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = try await worker.pair()
                let start = try await worker.sync(bob).next
                try await worker.tell(bob, 1, by: alice)
                var request = SyncRequest(user: bob.nid, deviceID: "D")
                request.since = start
                request.takesMessages = false
                let answer = try await worker.sync.sync(request)
                #expect(answer.devices.messages.isEmpty)
                #expect(try await worker.sync(bob, since: start).told == [1])
            }
        }
    }
}

extension TestWorker {
    /// Alice, and Bob with the device `D`.
    fileprivate func pair() async throws -> (UserRecord, UserRecord) {
        let bob = try await user("bob")
        try await pool.simple(
            "insert into devices (user_nid, device_id, created_ms) values (\(bob.nid.rawValue), 'D', 0)")
        return (try await user("alice"), bob)
    }

    /// Sends a number to a device.
    fileprivate func tell(_ user: UserRecord, _ number: Int, by sender: UserRecord) async throws {
        let json = #"{"\#(user.userID)":{"D":{"n":\#(number)}}}"#
        try await toDevice.send(
            ToDeviceMessages(fromClient: JSONDocument(parsing: Array(json.utf8)).root), ofType: "org.example",
            by: sender.nid, device: "S", transactionID: "\(number)")
    }

    /// Messages that have not been acknowledged.
    fileprivate func stored() async throws -> Int64 {
        let rows = try await pool.query(Statement("test", "select count(*) from device_messages"))
        var row = try #require(rows.first)
        return try row.next(Int64.self)
    }
}

extension JSONDocument {
    /// The numbers in messages to the device.
    fileprivate var told: [Int] { Self.numbers(self["to_device"]) }
    fileprivate var slidTold: [Int] { Self.numbers(self["extensions"]?["to_device"]) }
    fileprivate var slidNext: String? { self["extensions"]?["to_device"]?["next_batch"]?.string }

    private static func numbers(_ section: JSONView?) -> [Int] {
        (section?["events"]?.all ?? []).compactMap { $0["content"]?["n"]?.int.map { Int($0) } }
    }
}
