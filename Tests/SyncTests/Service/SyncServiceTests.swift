import ApusTesting
import Cluster
import MatrixCore
import Rooms
import Storage
import Sync
import Telemetry
import Testing

struct SyncServiceTests {
    @Test func aFirstSyncTellsTheWholeRoom() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                let room = try await worker.room(by: alice, name: "Kitchen")
                for number in 0..<15 { try await worker.say("\(number)", in: room, as: alice) }
                let answer = try await worker.sync(alice)
                #expect(answer.bodies(room) == (5..<15).map(String.init))
                #expect(answer.room(room)?["timeline"]?["limited"]?.bool == true)
                #expect(answer.room(room)?["summary"]?["m.joined_member_count"]?.int == 1)
                let names = Set(answer.state(room).map(\.stateName))
                #expect(names.isSuperset(of: ["m.room.create|", "m.room.name|", "m.room.member|@alice:example.org"]))
                #expect(answer.timeline(room).allSatisfy { $0["room_id"] == nil && $0["event_id"] != nil })
                #expect(answer["account_data"]?.events.map { $0["type"]?.string } == ["m.push_rules"])
                // The token before the timeline leads to what is before it.
                let token = try #require(answer.room(room)?["timeline"]?["prev_batch"]?.string)
                let page = try await worker.rooms.page(
                    of: worker.rooms.readableRoom(room, by: alice), from: token, to: nil, direction: .backwards,
                    limit: 5,
                    matching: { $0.event.type == EventType.message })
                #expect(page.events.compactMap { $0.event.content["body"]?.string } == ["4", "3", "2", "1", "0"])
            }
        }
    }

    @Test func furtherSyncsTellWhatIsNew() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let first = try await worker.sync(alice)
                #expect(try await worker.sync(alice, since: first.next).isQuiet)
                try await worker.say("hello", in: room, as: bob)
                let second = try await worker.sync(alice, since: first.next)
                #expect(second.bodies(room) == ["hello"])
                #expect(second.room(room)?["timeline"]?["limited"]?.bool == false)
                #expect(second.state(room).isEmpty)
                #expect(second.room(room)?["summary"] == nil)
                #expect(second.room(room)?["unread_notifications"]?["notification_count"]?.int == 1)
                #expect(try await worker.sync(alice, since: second.next).isQuiet)
                // The same token again: the same answer.
                #expect(try await worker.sync(alice, since: first.next).bodies(room) == ["hello"])
            }
        }
    }

    @Test func waitsForNewsAndNotForOthersNews() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let other = try await worker.room(by: bob)
                let first = try await worker.sync(alice)
                async let waiting = worker.sync(alice, since: first.next, timeout: .seconds(20))
                try await Task.sleep(for: .milliseconds(100))
                try await worker.say("not yours", in: other, as: bob)
                try await worker.say("yours", in: room, as: bob)
                let answer = try await waiting
                #expect(answer.bodies(room) == ["yours"])
                #expect(answer.room(other) == nil)
                // Without news it ends by itself, not before its time.
                let start = SystemClock().monotonic
                #expect(try await worker.sync(alice, since: answer.next, timeout: .milliseconds(300)).isQuiet)
                #expect(SystemClock().monotonic - start > .milliseconds(290))
            }
        }
    }

    @Test func answersWhenTheWorkerStops() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                _ = try await worker.room(by: alice)
                let first = try await worker.sync(alice)
                async let waiting = worker.sync(alice, since: first.next, timeout: .seconds(60))
                try await Task.sleep(for: .milliseconds(100))
                worker.watches.drain()
                #expect(try await waiting.isQuiet)
            }
        }
    }

    @Test func waitsAreEndedByWhatAnotherWorkerWrites() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { writer in
                try await installation.withWorker { reader in
                    let (alice, bob) = (try await writer.user("alice"), try await writer.user("bob"))
                    let room = try await writer.room(by: alice, members: [bob])
                    // A token of a worker that is ahead: this one catches up first.
                    let first = try await writer.sync(alice)
                    async let waiting = reader.sync(alice, since: first.next, timeout: .seconds(20))
                    try await writer.say("hello", in: room, as: bob)
                    #expect(try await waiting.bodies(room) == ["hello"])
                }
            }
        }
    }

    @Test(arguments: ["s72594_4483_1934", "", "s", "sAQ", "t1-2-3", "ünï", String(repeating: "s", count: 10_000)])
    func refusesTokensOfNobody(token: String) async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                await #expect(throws: MatrixError.self) { try await worker.sync(alice, since: token) }
                do { _ = try await worker.sync(alice, since: token) } catch let error as MatrixError {
                    #expect(error.errcode == .invalidParam && error.status == 400)
                }
            }
        }
    }

    /// ATTACKS 40: no sync waits for a future that a restored database will never have.
    @Test func refusesTokensOfAnotherDatabaseAndOfTheFuture() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                let (heads, incarnation) = (worker.feed.heads, worker.installation.incarnation)
                let foreign = SyncToken(log: heads, ephemeral: 0).encoded(incarnation: incarnation &+ 1)
                var future = heads
                future[3] = 1_000_000
                for token in [foreign, SyncToken(log: future, ephemeral: 0).encoded(incarnation: incarnation)] {
                    do {
                        _ = try await worker.sync(alice, since: token)
                        Issue.record("accepted")
                    } catch let error as MatrixError {
                        #expect(error.errcode == .unknown && error.status == 400)
                    }
                }
            }
        }
    }
}
