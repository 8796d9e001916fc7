import Cluster
import Synchronization
import Telemetry
import Testing

@testable import Federation

struct SendingPlacesTests {
    /// Requests that hang until they are let go.
    private final class Hanging: Sendable {
        private let state = Mutex<(begun: Int, ended: Int, waiters: [Waiter<Void>])>((0, 0, []))

        var begun: Int { state.withLock { $0.begun } }
        var ended: Int { state.withLock { $0.ended } }

        func hang() async {
            let waiter = Waiter<Void>()
            state.withLock { state in
                state.begun += 1
                state.waiters.append(waiter)
            }
            await waiter.wait(cancelled: ())
            state.withLock { $0.ended += 1 }
        }

        func letGo() { for waiter in state.withLock({ $0.waiters }) { waiter.end(()) } }
    }

    private func wait(_ holds: () -> Bool) async throws {
        for _ in 0..<2000 where !holds() { try await Task.sleep(for: .milliseconds(2)) }
        #expect(holds())
    }

    @Test func thoseThatHangMakeRoomForOthersAndStayBounded() async throws {
        let clock = ManualClock()
        let timeouts = Timeouts(clock: clock)
        let places = SendingPlaces(timeouts: timeouts)
        let (slow, quick) = (Hanging(), Hanging())
        let limit = SendingPlaces.Line.healthy.limit
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await timeouts.run() }
            for _ in 0..<limit { group.addTask { try await places.hold(.healthy) { await slow.hang() } } }
            try await wait { slow.begun == limit }
            group.addTask { try await places.hold(.healthy) { await quick.hang() } }
            // Those that failed before have places of their own.
            try await places.hold(.doubtful) {}
            #expect(quick.begun == 0)
            while quick.begun == 0 {
                clock.advance(by: .seconds(1))
                try await Task.sleep(for: .milliseconds(2))
            }
            quick.letGo()
            slow.letGo()
            try await wait { slow.ended == limit && quick.ended == 1 }
            // All places are back.
            let next = Hanging()
            for _ in 0..<limit { group.addTask { try await places.hold(.healthy) { await next.hang() } } }
            try await wait { next.begun == limit }
            next.letGo()
            try await wait { next.ended == limit }
            group.cancelAll()
        }
    }

    @Test func whoeverGivesUpWaitingTakesNoPlace() async throws {
        let places = SendingPlaces(timeouts: Timeouts(clock: ManualClock()))
        let hanging = Hanging()
        let limit = SendingPlaces.Line.healthy.limit
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<limit { group.addTask { try await places.hold(.healthy) { await hanging.hang() } } }
            try await wait { hanging.begun == limit }
            await withTaskGroup { inner in
                inner.addTask {
                    await #expect(throws: CancellationError.self) { try await places.hold(.healthy) {} }
                }
                inner.cancelAll()
            }
            hanging.letGo()
            try await group.waitForAll()
            try await places.hold(.healthy) {}
        }
    }
}
