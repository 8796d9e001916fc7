import ApusTesting
import Cluster
import Postgres
import Storage
import Synchronization
import Telemetry
import Testing

struct DutyRunnerTests {
    /// Notes where it runs, and keeps its slot until it is asked to end.
    private final class Waiting: Duty {
        let name = "test"
        let slotCount = 8
        private let seen = Mutex<[Int: (epoch: Int64, cursor: LogVector?)]>([:])

        var starts: [Int: (epoch: Int64, cursor: LogVector?)] { seen.withLock { $0 } }

        func run(_ lease: DutyLease) async throws {
            seen.withLock { $0[lease.slot] = (lease.epoch, lease.cursor) }
            lease.advance(to: LogVector([Int64(lease.slot), lease.epoch]))
            try await Task.sleep(for: .seconds(60))
        }
    }

    private func runner(_ duty: any Duty, _ worker: TestWorker, _ name: String) -> DutyRunner {
        DutyRunner(
            duty: duty, worker: name, leases: LeaseStore(pool: worker.pool), timeouts: worker.timeouts,
            telemetry: worker.telemetry)
    }

    /// Whether the dead worker can save how far it has come with slot 3.
    private func isSaved(_ positions: [Int64], epoch: Int64, in leases: LeaseStore) async throws -> Bool {
        let cursor = SlotCursor(slot: 3, epoch: epoch, cursor: LogVector(positions))
        return try await leases.save([cursor], duty: "test", worker: "dead") == [3]
    }

    @Test func slotsAreSpreadGivenBackAndTakenOver() async throws {
        try await TestCluster.with { cluster in
            try await cluster.withWorker { worker in
                let (first, second) = (Waiting(), Waiting())
                let (one, two) = (runner(first, worker, "one"), runner(second, worker, "two"))
                await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await one.run() }
                    do {
                        try await eventually("all slots") { one.slots == Array(0..<8) }
                        group.addTask { await two.run() }
                        try await eventually("a fair share each") { one.slots.count == 4 && two.slots.count == 4 }
                        #expect(Set(one.slots).isDisjoint(with: two.slots))
                        let moved = two.slots
                        try await eventually("work on them") { moved.allSatisfy { second.starts[$0] != nil } }
                        for slot in moved {
                            let start = try #require(second.starts[slot])
                            #expect(start.epoch == 2, "a higher epoch than its holder before")
                            #expect(start.cursor == LogVector([Int64(slot), 1]), "and where that one ended")
                        }
                        let before = SystemClock().monotonic
                        two.stop()
                        try await eventually("slots that were given back") { one.slots == Array(0..<8) }
                        #expect(SystemClock().monotonic - before < DutyRunner.timeToLive, "not only after they ran out")
                    } catch {
                        Issue.record(error)
                    }
                    one.stop()
                    two.stop()
                }
                #expect(one.slots.isEmpty)
            }
        }
    }

    @Test func aDeadHoldersSlotsAreTakenAndItsWritesRefused() async throws {
        try await TestCluster.with { cluster in
            try await cluster.withWorker { worker in
                let leases = LeaseStore(pool: worker.pool)
                // One that takes everything and is never heard of again.
                let dead = try await leases.renew(
                    duty: "test", worker: "dead", slots: 8, timeToLive: DutyRunner.timeToLive)
                #expect(dead.map(\.slot) == Array(0..<8))
                #expect(dead.allSatisfy { $0.epoch == 1 && $0.cursor == nil })
                #expect(try await isSaved([1], epoch: 1, in: leases))
                let duty = Waiting()
                let heir = runner(duty, worker, "heir")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await heir.run() }
                    try await Task.sleep(for: .seconds(2))
                    #expect(heir.slots.isEmpty, "nothing while the lease holds")
                    try await eventually(within: .seconds(9), "the slots") { heir.slots == Array(0..<8) }
                    try await eventually(within: .seconds(9), "the duty itself") { duty.starts[3] != nil }
                    #expect(duty.starts[3]?.epoch == 2)
                    #expect(duty.starts[3]?.cursor == LogVector([1]))
                    #expect(try await !isSaved([9], epoch: 1, in: leases))
                    #expect(try await !isSaved([9], epoch: 2, in: leases))
                    heir.stop()
                    try await group.waitForAll()
                }
                let next = try await leases.renew(duty: "test", worker: "next", slots: 8, timeToLive: .seconds(5))
                #expect(next.first { $0.slot == 3 }?.cursor == LogVector([3, 2]))
            }
        }
    }

    @Test func whereANewSlotBeginsIsSavedBeforeItsWork() async throws {
        final class Beginning: Duty {
            let name = "test"
            let slotCount = 1
            let start: LogVector? = LogVector([7])
            let cursor = Mutex<LogVector?>(nil)
            func run(_ lease: DutyLease) async throws {
                cursor.withLock { $0 = lease.cursor }
                try await Task.sleep(for: .seconds(60))
            }
        }
        try await TestCluster.with { cluster in
            try await cluster.withWorker { worker in
                let duty = Beginning()
                let runner = runner(duty, worker, "one")
                await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await runner.run() }
                    do {
                        try await eventually("its work") { duty.cursor.withLock { $0 } == LogVector([7]) }
                        let saved = try await worker.pool.query(
                            Statement(
                                "saved_cursors",
                                "select positions[1] from duty_cursors where duty = 'test'", mode: .read))
                        #expect(try saved.column(Int64.self) == [7], "though the runner has not saved any")
                    } catch {
                        Issue.record(error)
                    }
                    // It dies: nothing more is saved.
                    group.cancelAll()
                }
            }
        }
    }

    @Test func aDutyThatFailsIsRunAgain() async throws {
        final class Failing: Duty {
            let name = "failing"
            let slotCount = 1
            let runs = Atomic<Int>(0)
            func run(_ lease: DutyLease) async throws {
                runs.add(1, ordering: .relaxed)
                throw TestingError("on purpose")
            }
        }
        try await TestCluster.with { cluster in
            try await cluster.withWorker { worker in
                let duty = Failing()
                let runner = runner(duty, worker, "one")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await runner.run() }
                    try await eventually("a second run") { duty.runs.load(ordering: .relaxed) >= 2 }
                    runner.stop()
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func cursorsOfManySlotsAreSavedTogetherAndEachForItself() async throws {
        try await TestCluster.with { cluster in
            try await cluster.withWorker { worker in
                let leases = LeaseStore(pool: worker.pool)
                let held = try await leases.renew(duty: "test", worker: "one", slots: 4, timeToLive: .seconds(60))
                #expect(held.count == 4)
                let saved = try await leases.save(
                    (0..<5).map { slot in
                        SlotCursor(
                            slot: slot, epoch: slot == 2 ? 9 : 1, cursor: LogVector([Int64(slot), .max]))
                    }, duty: "test", worker: "one")
                #expect(saved == [0, 1, 3], "neither with another epoch nor a slot that nobody has")
                let records = try await leases.renew(duty: "test", worker: "one", slots: 4, timeToLive: .seconds(60))
                let cursors: [LogVector?] = records.map(\.cursor)
                let expected: [Int64?] = [0, 1, nil, 3]
                #expect(cursors == expected.map { slot in slot.map { LogVector([$0, .max]) } })
                #expect(try await leases.save([], duty: "test", worker: "one").isEmpty)
            }
        }
    }

    @Test func whatRunsBesideTheSlotsEndsWithThem() async throws {
        final class Accompanied: Duty {
            let name = "accompanied"
            let slotCount = 2
            let state = Mutex<(begun: Int, ended: Int)>((0, 0))
            func run(_ lease: DutyLease) async throws { try await Task.sleep(for: .seconds(60)) }
            func runBeside() async {
                state.withLock { $0.begun += 1 }
                try? await Task.sleep(for: .seconds(60))
                state.withLock { $0.ended += 1 }
            }
        }
        try await TestCluster.with { cluster in
            try await cluster.withWorker { worker in
                let duty = Accompanied()
                let runner = runner(duty, worker, "one")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await runner.run() }
                    try await eventually("both slots") { runner.slots.count == 2 }
                    #expect(duty.state.withLock { $0 } == (1, 0))
                    runner.stop()
                    try await group.waitForAll()
                }
                #expect(duty.state.withLock { $0 } == (1, 1))
            }
        }
    }
}
