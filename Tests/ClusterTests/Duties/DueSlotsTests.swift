import Telemetry
import Testing

@testable import Cluster

struct DueSlotsTests {
    private let clock = ManualClock()

    /// What is looked for next; moves the time on by as much as it takes, in steps of a tenth of a second.
    private func next(_ slots: DueSlots<String>) async -> Set<Int16> {
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
        let slots = DueSlots<String>(pollInterval: .seconds(1), clock: clock)
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
        let slots = DueSlots<String>(pollInterval: .seconds(1), clock: clock)
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
        let slots = DueSlots<String>(pollInterval: .seconds(1), clock: clock)
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
        let slots = DueSlots<String>(pollInterval: .seconds(1), clock: clock)
        let (first, second) = (slots.open(1), slots.open(2))
        slots.offer([2: ["due"], 5: ["due"]])
        slots.close(1)
        slots.close(2)
        var found: [[String]] = []
        for await due in first { found.append(due) }
        #expect(found.isEmpty)
        for await due in second { found.append(due) }
        #expect(found == [["due"]])
    }

    private struct Item: Sendable {
        let name: String
        let number: Int
    }

    @Test func soMuchIsWorkedOnAtATimeAndNeverTwiceOnTheSame() async {
        let slots = DueSlots<Item>(pollInterval: .seconds(1), clock: clock)
        let ends = ["a": Waiter<Void>(), "b": Waiter<Void>(), "c": Waiter<Void>()]
        let (begun, beginning) = AsyncStream.makeStream(of: String.self)
        let work = Task {
            await slots.work(in: 1, atMost: 2, by: { $0.name }) { item in
                beginning.yield("\(item.name)\(item.number)")
                await ends[item.name]?.wait(cancelled: ())
            }
        }
        #expect(await slots.next() == [1])
        var names = begun.makeAsyncIterator()
        slots.offer([1: [("a", 1), ("a", 2), ("b", 1), ("c", 1)].map { Item(name: $0.0, number: $0.1) }])
        #expect(Set([await names.next(), await names.next()]) == ["a1", "b1"])
        ends["a"]?.end(())
        #expect(await slots.next() == [1], "there may be more now")
        slots.offer([1: [Item(name: "b", number: 2), Item(name: "c", number: 2)]])
        #expect(await names.next() == "c2")
        work.cancel()
        await work.value
    }

    @Test func whatCouldNotBeLookedForIsLookedForAgain() async {
        struct Failure: Error {}
        let slots = DueSlots<String>(pollInterval: .seconds(60), clock: clock)
        let due = slots.open(1)
        let start = clock.monotonic
        let look = Task {
            await slots.look { shards in
                guard clock.monotonic > start else { throw Failure() }
                return [1: ["\(shards)"]]
            } onFailure: {
                #expect($0 is Failure)
            }
        }
        let time = Task {
            while !Task.isCancelled {
                await Task.yield()
                if clock.sleeperCount > 0 { clock.advance(by: .milliseconds(100)) }
            }
        }
        var found = due.makeAsyncIterator()
        #expect(await found.next() == ["[1]"])
        #expect(clock.monotonic - start < .seconds(60), "nobody waits for the next poll")
        time.cancel()
        look.cancel()
        await look.value
    }
}
