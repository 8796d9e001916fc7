import ApusTesting
import Cluster
import MatrixCore
import Storage
import Telemetry
import Testing

struct UserWatchesTests {
    private static let long = Duration.seconds(20)

    /// Waits for news after a view, and tells why and how soon the wait ended.
    private func wait(
        _ worker: TestWorker, _ view: UserView, limit: Duration = UserWatchesTests.long
    ) async -> WakeReason {
        await worker.watches.wait(for: view.user, after: view.heads, ephemeral: view.ephemeral, limit: limit)
    }

    @Test func wakesMembersAndNobodyElse() async throws {
        try await TestCluster.with { cluster in
            try await cluster.withWorker { worker in
                let (room, other) = (try await worker.room("a"), try await worker.room("b"))
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                try await worker.set(.join, of: alice, in: room)
                try await worker.set(.join, of: bob, in: other)
                let (first, second) = (try await worker.watches.view(of: alice), try await worker.watches.view(of: bob))
                async let woken = wait(worker, first)
                async let asleep = wait(worker, second, limit: .milliseconds(400))
                try await Task.sleep(for: .milliseconds(100))
                try await worker.write(in: room)
                #expect(await woken == .news)
                #expect(await asleep == .deadline)
                #expect(try await worker.watches.view(of: alice).mayHaveChanged(since: first.heads, ephemeral: 0))
                let now = try await worker.watches.view(of: bob)
                #expect(!now.mayHaveChanged(since: second.heads, ephemeral: 0))
            }
        }
    }

    @Test func returnsAtOnceForWhatCameBeforeTheWait() async throws {
        try await TestCluster.with { cluster in
            try await cluster.withWorker { worker in
                let (room, alice) = (try await worker.room("a"), try await worker.user("alice"))
                try await worker.set(.join, of: alice, in: room)
                let view = try await worker.watches.view(of: alice)
                try await worker.write(in: room)
                #expect(await wait(worker, view) == .news)
            }
        }
    }

    @Test func followsMembershipsAsTheyChange() async throws {
        try await TestCluster.with { cluster in
            try await cluster.withWorker { worker in
                let (room, alice) = (try await worker.room("a"), try await worker.user("alice"))
                var view = try await worker.watches.view(of: alice)
                #expect(view.standings.isEmpty)
                for (membership, hears) in [(Membership.invite, false), (.join, true), (.leave, false), (.join, true)] {
                    try await worker.set(membership, of: alice, in: room)
                    #expect(await wait(worker, view) == .news, "the change itself is news")
                    view = try await worker.watches.view(of: alice)
                    #expect(view.standings[room.nid]?.membership == membership)
                    #expect(view.heads[alice.shard] >= view.standings[room.nid]!.position)
                    try await worker.write(in: room)
                    #expect(await wait(worker, view, limit: .milliseconds(100)) == (hears ? .news : .deadline))
                    view = try await worker.watches.view(of: alice)
                }
            }
        }
    }

    @Test func missesNothingBetweenAMembershipAndItsReading() async throws {
        try await TestCluster.with { cluster in
            try await cluster.withWorker { worker in
                let (room, alice) = (try await worker.room("a"), try await worker.user("alice"))
                let before = try await worker.watches.view(of: alice)
                try await worker.set(.join, of: alice, in: room)
                try await worker.write(in: room)
                let after = try await worker.watches.view(of: alice)
                #expect(after.mayHaveChanged(since: before.heads, ephemeral: 0))
                var joined = before.heads
                joined[alice.shard] = after.standings[room.nid]!.position
                #expect(after.mayHaveChanged(since: joined, ephemeral: 0), "the event after the join")
            }
        }
    }

    @Test func hearsOfWhatAnotherWorkerWrites() async throws {
        try await TestCluster.with { cluster in
            let hints = LossyHints { _ in false }
            try await cluster.withWorker(hints: hints) { writer in
                try await cluster.withWorker(hints: hints) { reader in
                    let (room, alice) = (try await writer.room("a"), try await writer.user("alice"))
                    let view = try await reader.watches.view(of: alice)
                    async let woken = wait(reader, view)
                    try await writer.set(.join, of: alice, in: room)
                    #expect(await woken == .news)
                    #expect(try await reader.watches.view(of: alice).standings[room.nid]?.membership == .join)
                }
            }
        }
    }

    @Test func wakesWithoutHintsWithinSeconds() async throws {
        try await TestCluster.with { cluster in
            try await cluster.withWorker { writer in
                try await cluster.withWorker { reader in
                    let (room, alice) = (try await writer.room("a"), try await writer.user("alice"))
                    try await writer.set(.join, of: alice, in: room)
                    let view = try await reader.watches.view(of: alice)
                    let start = SystemClock().monotonic
                    async let woken = wait(reader, view)
                    try await writer.write(in: room)
                    #expect(await woken == .news)
                    #expect(SystemClock().monotonic - start < LogFeed.pollInterval * 3)
                }
            }
        }
    }

    @Test func endsAllWaitsWhenTheWorkerStops() async throws {
        try await TestCluster.with { cluster in
            try await cluster.withWorker { worker in
                let view = try await worker.watches.view(of: try await worker.user("alice"))
                async let first = wait(worker, view)
                async let second = wait(worker, view)
                try await Task.sleep(for: .milliseconds(50))
                worker.watches.drain()
                #expect(await first == .draining)
                #expect(await second == .draining)
                #expect(await wait(worker, view) == .draining)
            }
        }
    }

    @Test func wakesForTypingInARoomOfTheUser() async throws {
        try await TestCluster.with { cluster in
            try await cluster.withWorker { worker in
                let (room, alice) = (try await worker.room("a"), try await worker.user("alice"))
                try await worker.set(.join, of: alice, in: room)
                let view = try await worker.watches.view(of: alice)
                async let woken = wait(worker, view)
                worker.watches.touch(try await worker.room("elsewhere").nid, ephemeral: 5)
                worker.watches.touch(room.nid, ephemeral: 6)
                #expect(await woken == .news)
                let now = try await worker.watches.view(of: alice)
                #expect(now.ephemeral == 6)
                #expect(now.mayHaveChanged(since: now.heads, ephemeral: 5))
                #expect(!now.mayHaveChanged(since: now.heads, ephemeral: 6))
            }
        }
    }

    @Test func manyAskAtOnceAndOneReads() async throws {
        try await TestCluster.with { cluster in
            try await cluster.withWorker { worker in
                let (room, alice) = (try await worker.room("a"), try await worker.user("alice"))
                try await worker.set(.join, of: alice, in: room)
                try await withThrowingTaskGroup(of: UserView.self) { group in
                    for _ in 0..<50 { group.addTask { try await worker.watches.view(of: alice) } }
                    for try await view in group { #expect(view.standings.count == 1) }
                }
                #expect(worker.watches.counts == (1, 1))
            }
        }
    }
}
