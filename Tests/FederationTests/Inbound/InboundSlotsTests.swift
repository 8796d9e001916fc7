import MatrixCore
import Telemetry
import Testing

@testable import Federation

struct InboundSlotsTests {
    private let clock = ManualClock()

    /// What is looked for next; moves the time on by as much as it takes, in steps of a tenth of a second.
    private func next(_ slots: InboundSlots) async -> Set<Int16> {
        await withTaskGroup(of: Set<Int16>?.self) { group in
            group.addTask { await slots.next() }
            group.addTask {
                while !Task.isCancelled {
                    await Task.yield()
                    if clock.sleeperCount > 0 { clock.advance(by: .milliseconds(100)) }
                }
                return nil
            }
            defer { group.cancelAll() }
            return await group.next().flatMap { $0 } ?? []
        }
    }

    @Test func allSlotsAreLookedForWithOneQuestionASecond() async {
        let slots = InboundSlots(clock: clock)
        for shard in 0..<Int16(16) { _ = slots.open(shard) }
        #expect(await next(slots) == Set(0..<16))
        let begun = clock.monotonic
        #expect(await next(slots) == Set(0..<16))
        #expect(clock.monotonic - begun >= .seconds(1))
        slots.close(3)
        #expect(await next(slots) == Set(0..<16).subtracting([3]))
        #expect(clock.monotonic - begun >= .seconds(2))
    }

    @Test func whatIsKeptHereIsLookedForAtOnceAndAlone() async {
        let slots = InboundSlots(clock: clock)
        for shard in 0..<Int16(16) { _ = slots.open(shard) }
        _ = await next(slots)
        let begun = clock.monotonic
        slots.wake(7)
        slots.wake(9)
        slots.wake(40)
        #expect(await next(slots) == [7, 9], "the shard of another worker is none of ours")
        #expect(clock.monotonic == begun)
    }

    @Test func nobodyLooksWithoutSlots() async {
        let slots = InboundSlots(clock: clock)
        _ = slots.open(1)
        _ = await next(slots)
        slots.close(1)
        slots.wake(1)
        #expect(await next(slots) == [], "the poll that was due")
        let waiting = Task { await slots.next() }
        for _ in 0..<100 { await Task.yield() }
        #expect(clock.sleeperCount == 0)
        waiting.cancel()
        #expect(await waiting.value == [])
    }

    @Test func whatIsFoundGoesToItsSlot() async {
        let slots = InboundSlots(clock: clock)
        let (first, second) = (slots.open(1), slots.open(2))
        let room = RoomID("!room:example.org")!
        slots.offer([2: [room], 5: [room]])
        slots.close(1)
        slots.close(2)
        var found: [[RoomID]] = []
        for await rooms in first { found.append(rooms) }
        #expect(found.isEmpty)
        for await rooms in second { found.append(rooms) }
        #expect(found == [[room]])
    }
}
