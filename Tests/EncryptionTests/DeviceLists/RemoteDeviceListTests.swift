import ApusTesting
import Cluster
import Encryption
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Synchronization
import Telemetry
import Testing

/// What is kept of the devices of other servers' users.
struct RemoteDeviceListTests {
    @Test func aListIsFetchedWhenItIsWantedAndThenKeptByItsServer() async throws {
        try await FollowingServer.with { server in
            let (one, two) = (try Told.device("ONE"), try Told.device("TWO", seed: 2))
            #expect(try await server.due().isEmpty, "nothing is fetched in advance")
            #expect(try await server.known() == nil)
            #expect(try await server.due().map(\.user) == [server.bob.nid])
            server.source.say(Told.list([("ONE", one)], stream: 5))
            try await server.fetch()
            #expect(try await server.known() == ["ONE": one])
            #expect(try await server.changes() == 0, "who asked was told by the server itself")
            try await server.receive([Told.update("TWO", stream: 6, after: [5], keys: two)])
            #expect(try await server.known() == ["ONE": one, "TWO": two])
            // Several at once, out of which the last of a device counts.
            try await server.receive([
                Told.update("ONE", stream: 7, after: [6], deleted: true),
                Told.update("THREE", stream: 8, after: [7], keys: try Told.device("THREE", seed: 3)),
                Told.update("THREE", stream: 9, after: [8]),
            ])
            #expect(try await server.known() == ["TWO": two])
            #expect(try await server.changes() == 2)
            // The same again is nothing new.
            try await server.receive([Told.update("TWO", stream: 6, after: [5], keys: two)])
            #expect(try await server.changes() == 2)
            #expect(try await server.known() == ["TWO": two])
            #expect(server.source.asked.withLock { $0 } == 1)
        }
    }

    @Test(arguments: [[3] as [Int64], [], nil, [5, 4]])
    func whatMissesSomethingIsFetchedAnew(_ previous: [Int64]?) async throws {
        try await FollowingServer.with { server in
            let (one, two) = (try Told.device("ONE"), try Told.device("TWO", seed: 2))
            server.source.say(Told.list([("ONE", one)], stream: 5))
            _ = try await server.known()
            try await server.fetch()
            try await server.receive([Told.update("TWO", stream: 9, after: previous, keys: two)])
            #expect(try await server.known() == nil, "the server is asked until it is known again")
            server.source.say(Told.list([("ONE", one), ("TWO", two)], stream: 9))
            try await server.fetch()
            #expect(try await server.known() == ["ONE": one, "TWO": two])
            #expect(try await server.changes() == 1)
            #expect(try await server.due().isEmpty)
            try await server.receive([Told.update("ONE", stream: 10, after: [9], deleted: true)])
            #expect(try await server.known() == ["TWO": two])
        }
    }

    @Test func whatComesWhileAListIsFetchedIsNotLost() async throws {
        try await FollowingServer.with { server in
            let (one, two) = (try Told.device("ONE"), try Told.device("TWO", seed: 2))
            _ = try await server.known()
            let due = try await server.due()
            // The answer is from before the update, and arrives after it.
            try await server.receive([Told.update("TWO", stream: 6, after: [5], keys: two)])
            server.source.say(Told.list([("ONE", one)], stream: 5))
            for resync in due { try await server.lists.fetch(resync, from: server.source, within: .seconds(5)) }
            #expect(try await server.known() == nil)
            server.source.say(Told.list([("ONE", one), ("TWO", two)], stream: 6))
            try await server.fetch()
            #expect(try await server.known() == ["ONE": one, "TWO": two])
        }
    }

    @Test func whoSharesNoRoomIsForgotten() async throws {
        try await FollowingServer.with { server in
            let (one, two) = (try Told.device("ONE"), try Told.device("TWO", seed: 2))
            server.source.say(Told.list([("ONE", one)], stream: 5))
            _ = try await server.known()
            try await server.fetch()
            try await server.set("leave", of: server.bob)
            #expect(try await server.known() == nil)
            let changes = try await server.changes()
            // Changes that are missed now are made up for when they are back.
            try await server.set("join", of: server.bob)
            #expect(try await server.known() == nil, "updates may have been missed")
            server.source.say(Told.list([("TWO", two)], stream: 8))
            try await server.store.request([server.bob.nid], now: 1)
            try await server.fetch()
            #expect(try await server.known() == ["TWO": two])
            try await server.set("leave", of: server.bob)
            try await server.receive([Told.update("TWO", stream: 9, after: [8], deleted: true)])
            #expect(try await server.changes() == changes + 1, "nobody is told of a stranger")
            #expect(try await server.store.sweep(after: UserNID(0)) == nil, "nothing is kept of a stranger")
        }
    }

    @Test func anotherRoomThatIsSharedAllTheTimeKeepsTheList() async throws {
        try await FollowingServer.with { server in
            let other = try await server.worker.room(by: server.alice)
            try await server.set("join", of: server.bob, in: other)
            let one = try Told.device("ONE")
            server.source.say(Told.list([("ONE", one)], stream: 5))
            _ = try await server.known()
            try await server.fetch()
            try await server.set("leave", of: server.bob)
            #expect(try await server.known() == ["ONE": one])
            // A sweep keeps it, and lets it go when nobody is left.
            #expect(try await server.store.sweep(after: UserNID(0)) == server.bob.nid)
            #expect(try await server.known() == ["ONE": one])
            try await server.worker.rooms.leave(other, as: server.alice)
            #expect(try await server.known() == nil)
            _ = try await server.store.sweep(after: UserNID(0))
            #expect(try await server.store.sweep(after: UserNID(0)) == nil)
        }
    }

    @Test func serversThatLieHarmThemselvesAlone() async throws {
        try await FollowingServer.with { server in
            let mallory = ServerName("mallory.example")!
            let one = try Told.device("ONE")
            server.source.say(Told.list([("ONE", one)], stream: 5))
            _ = try await server.known()
            try await server.fetch()
            let changes = try await server.changes()
            let update = Told.update("EVIL", stream: 6, after: [5], keys: try Told.device("EVIL", seed: 9))
            #expect(try await server.receive([update], from: mallory) == [false])
            for broken: JSONValue in [
                [:], ["user_id": "@bob:peer.example"], ["user_id": 5, "device_id": "X", "stream_id": 6],
                ["user_id": "@bob:peer.example", "device_id": "X", "stream_id": "6"],
                ["user_id": "@bob:peer.example", "device_id": "", "stream_id": 6],
                ["user_id": "@bob:peer.example", "device_id": "a\u{0}b", "stream_id": 6],
                ["user_id": "bob", "device_id": "X", "stream_id": 6],
                [
                    "user_id": "@bob:peer.example", "device_id": .string(String(repeating: "x", count: 300)),
                    "stream_id": 6,
                ],
            ] {
                #expect(try await server.receive([("m.device_list_update", broken)]) == [false])
            }
            // A user of whom nobody here has heard.
            #expect(
                try await server.receive([Told.update("X", stream: 1, after: [], of: "@nobody:peer.example")]) == [true]
            )
            #expect(try await server.known() == ["ONE": one])
            #expect(try await server.changes() == changes)

            // Keys of other devices and users, changed ones, huge ones: the device is shown to nobody, its neighbour is.
            var changed = try Told.device("BAD", seed: 4)
            changed["algorithms"] = ["other"]
            var huge = try KeyedDevice(Told.bob, "BAD", seed: 4).unsigned
            huge["padding"] = .string(String(repeating: "x", count: 20_000))
            let bad: [JSONValue] = [
                changed, try Told.device("OTHER", seed: 4), try Told.device("BAD", seed: 4, of: "@eve:peer.example"),
                try KeyedDevice(Told.bob, "BAD", seed: 4).unsigned,
                try KeyedDevice(Told.bob, "BAD", seed: 4).sign(huge),
                [:], "text",
            ]
            var stream: Int64 = 5
            for keys in bad {
                let good = try Told.device("GOOD", seed: 5)
                try await server.receive([
                    Told.update("BAD", stream: stream + 1, after: [stream], keys: keys),
                    Told.update("GOOD", stream: stream + 2, after: [stream + 1], keys: good),
                ])
                stream += 2
                #expect(try await server.known() == ["ONE": one, "GOOD": good])
            }
        }
    }

    @Test func answersThatLieCountForNothing() async throws {
        try await FollowingServer.with { server in
            _ = try await server.known()
            let one = try Told.device("ONE")
            for answer in [
                Told.list([("ONE", one)], stream: 5, user: "@eve:peer.example"), ["user_id": .string(Told.bob)], [:],
                ["user_id": .string(Told.bob), "stream_id": "5", "devices": []],
            ] {
                server.source.say(answer)
                await #expect(throws: (any Error).self) { try await server.fetch() }
                #expect(try await server.known() == nil)
            }
            // One bad device among good ones; thousands of devices.
            var devices = [("ONE", one), ("ONE", try Told.device("ONE", seed: 7)), ("TWO", one)]
            for number in 0..<1500 { devices.append(("D\(number)", try Told.device("D\(number)"))) }
            server.source.say(Told.list(devices, stream: 5))
            try await server.fetch()
            let known = try #require(try await server.known())
            #expect(known["ONE"] == one && known["TWO"] == nil && known["D0"] != nil)
            #expect(known.count <= RemoteDeviceStore.maxDevices)
            // There is no end to what a user may be said to have.
            let updates = try (0..<90).map { number in
                Told.update(
                    "E\(number)", stream: Int64(6 + number), after: [Int64(5 + number)],
                    keys: try Told.device("E\(number)"))
            }
            try await server.receive(updates)
            #expect(try await server.known() == nil)
        }
    }

    @Test func crossSigningKeysAreKeptWhenTheyAreSigned() async throws {
        try await FollowingServer.with { server in
            let (keys, others) = (try CrossSigner(Told.bob, seed: 20), try CrossSigner(Told.bob, seed: 40))
            func shown() async throws -> [JSONValue?]? {
                guard let told = try await server.lists.keys(of: [server.bob.userID])[server.bob.userID] else {
                    return nil
                }
                return [told.masterKey?.value(), told.selfSigningKey?.value()]
            }
            server.source.say(
                Told.list(
                    [], stream: 5, ["master_key": keys.masterKey(), "self_signing_key": try others.selfSigningKey()]))
            _ = try await server.known()
            try await server.fetch()
            #expect(try await shown() == [keys.masterKey(), nil], "signed by another master key")
            func update(_ fields: [String: JSONValue]) -> (String, JSONValue) {
                ("m.signing_key_update", .object(fields.merging(["user_id": .string(Told.bob)]) { $1 }))
            }
            try await server.receive([
                update(["master_key": keys.masterKey(), "self_signing_key": try keys.selfSigningKey()])
            ])
            #expect(try await shown() == [keys.masterKey(), try keys.selfSigningKey()])
            #expect(try await server.changes() == 1)
            // Another master key ends what the old one has signed.
            try await server.receive([update(["master_key": others.masterKey()])])
            #expect(try await shown() == [others.masterKey(), nil])
            #expect(try await server.receive([update([:])], from: ServerName("mallory.example")!) == [false])
            // A key without the one that signs it cannot be judged: all of them are asked for.
            try await server.receive([update(["self_signing_key": try others.selfSigningKey()])])
            #expect(try await shown() == nil)
            #expect(try await server.due().count == 1)
        }
    }

    @Test func whoWantsAFewListsWaitsForThem() async throws {
        try await FollowingServer.with { server in
            let lists = RemoteDeviceLists(
                store: server.store, interning: server.worker.interning, feed: server.worker.feed,
                clock: server.worker.telemetry.clock, source: server.source)
            let (one, two) = (try Told.device("ONE"), try Told.device("TWO", seed: 2))
            let stranger = try await server.worker.interning.user(UserID("@eve:peer.example")!)
            func devices() async throws -> [String]? {
                let told = try await lists.keys(of: [server.bob.userID, stranger.userID])
                #expect(told[stranger.userID] == nil)
                return told[server.bob.userID]?.devices.map(\.deviceID).sorted()
            }
            server.source.say(Told.list([("ONE", one)], stream: 5))
            #expect(try await devices() == ["ONE"])
            // What is missing is made up for as soon as somebody asks.
            try await server.receive([Told.update("TWO", stream: 9, after: [8], keys: two)])
            server.source.say(Told.list([("ONE", one), ("TWO", two)], stream: 9))
            #expect(try await devices() == ["ONE", "TWO"])
            #expect(try await devices() == ["ONE", "TWO"])
            #expect(server.source.asked.withLock { $0 } == 2)
            try await server.receive([Told.update("TWO", stream: 12, after: [11], keys: two)])
            server.source.say(nil)
            #expect(try await devices() == nil)
        }
    }

    @Test func localReadersAreToldOfOtherServersUsers() async throws {
        try await FollowingServer.with { server in
            let parts = EphemeralParts(server.worker)
            let before = try await parts.watches.view(of: server.alice).heads
            try await server.receive([Told.update("ONE", stream: 1, after: [])])
            try await eventually("it is seen") {
                let view = try await parts.watches.view(of: server.alice)
                return try await parts.deviceLists.changes(
                    for: view, since: before, recent: RecentRooms(touched: [], rows: [:])
                ).changed == [server.bob.userID]
            }
        }
    }

    /// A server that is out of reach is asked again after pauses, by whichever worker, until it answers.
    @Test func theDutyAsksUntilItIsAnswered() async throws {
        try await FollowingServer.with { server in
            let clock = ManualClock()
            clock.advance(by: .seconds(1000))
            let telemetry = Telemetry.silent(clock: clock, random: SeededRandomSource(seed: 1))
            func duty() -> DeviceResyncDuty {
                DeviceResyncDuty(
                    RemoteDeviceLists(
                        store: server.store, interning: server.worker.interning, feed: server.worker.feed, clock: clock),
                    store: server.store, source: server.source,
                    shardCount: server.worker.installation.shardCount, telemetry: telemetry)
            }
            try await server.store.request([server.bob.nid], now: clock.nowMilliseconds)
            func running(_ body: () async throws -> Void) async throws {
                let runner = DutyRunner(
                    duty: duty(), worker: "w", leases: LeaseStore(pool: server.worker.pool),
                    timeouts: server.worker.timeouts, telemetry: server.worker.telemetry)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await runner.run() }
                    try await body()
                    runner.stop()
                    while !runner.slots.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
                    group.cancelAll()
                }
            }
            func pass(until isDone: () async throws -> Bool) async throws {
                for _ in 0..<400 {
                    if try await isDone() { return }
                    clock.advance(by: .seconds(1))
                    try await Task.sleep(for: .milliseconds(5))
                }
                Issue.record("it did not come")
            }
            try await running {
                try await pass { server.source.asked.withLock { $0 } >= 3 }
            }
            #expect(server.source.asked.withLock { $0 } < 30, "not without pauses")
            server.source.say(Told.list([("ONE", try Told.device("ONE"))], stream: 5))
            try await running {
                try await pass { try await server.known()?.count == 1 }
            }
        }
    }
}
