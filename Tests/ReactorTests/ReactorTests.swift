import Glibc
import Reactor
import Synchronization
import Testing

/// Counts what a descriptor reports, and reads it.
private final class PipeReader: ReactorHandler {
    let descriptor: Int32
    let received: @Sendable (Int) -> Void

    init(_ descriptor: Int32, received: @escaping @Sendable (Int) -> Void) {
        self.descriptor = descriptor
        self.received = received
    }

    func ready(_ readiness: Readiness, on loop: ReactorLoop) {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = read(descriptor, &buffer, buffer.count)
        if count <= 0 { loop.remove(descriptor) }
        received(count)
    }
}

@Suite struct ReactorTests {
    @Test func runsSubmittedWorkInOrder() async throws {
        let reactor = try Reactor()
        let seen = Mutex<[Int]>([])
        for number in 0..<1000 { reactor.submit { _ in seen.withLock { $0.append(number) } } }
        await reactor.shutdown()
        #expect(seen.withLock(\.self) == Array(0..<1000))
    }

    @Test func wakesFromSleepForEachSubmission() async throws {
        let reactor = try Reactor()
        for number in 0..<200 {
            let answer = await withCheckedContinuation { continuation in
                reactor.submit { _ in continuation.resume(returning: number) }
            }
            #expect(answer == number)
        }
        await reactor.shutdown()
    }

    @Test func refusesWorkAfterShutdown() async throws {
        let reactor = try Reactor()
        await reactor.shutdown()
        #expect(!reactor.submit { _ in Issue.record("ran after the end") })
        await reactor.shutdown()
    }

    @Test func runsWorkThatWasAcceptedWhileItEnded() async throws {
        for _ in 0..<50 {
            let reactor = try Reactor()
            let accepted = Atomic<Int>(0)
            let ran = Atomic<Int>(0)
            async let submitting: Void = {
                for _ in 0..<200 {
                    if reactor.submit({ _ in ran.add(1, ordering: .relaxed) }) { accepted.add(1, ordering: .relaxed) }
                }
            }()
            await reactor.shutdown()
            await submitting
            #expect(ran.load(ordering: .relaxed) == accepted.load(ordering: .relaxed))
        }
    }

    @Test func firesTimersInOrderOfDeadlineAndNotEarly() async throws {
        let reactor = try Reactor()
        let fired = await withCheckedContinuation { (continuation: CheckedContinuation<[Int], Never>) in
            reactor.submit { loop in
                let start = MonotonicTime.now()
                var order: [Int] = []
                // Far enough apart that a thread which is put aside between two of them does not change their order.
                for delay in [600, 200, 400] {
                    loop.schedule(after: .milliseconds(delay)) { _ in
                        #expect(MonotonicTime.now().since(start) >= .milliseconds(delay))
                        order.append(delay)
                        if order.count == 3 { continuation.resume(returning: order) }
                    }
                }
            }
        }
        #expect(fired == [200, 400, 600])
        await reactor.shutdown()
    }

    @Test func doesNotFireACancelledTimer() async throws {
        let reactor = try Reactor()
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            reactor.submit { loop in
                let timer = loop.schedule(after: .milliseconds(5)) { _ in Issue.record("fired") }
                loop.cancel(timer)
                loop.schedule(after: .milliseconds(30)) { _ in continuation.resume() }
            }
        }
        await reactor.shutdown()
    }

    @Test func tellsAHandlerWhatItsDescriptorIsReadyFor() async throws {
        let reactor = try Reactor()
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (input, output) = (ends[0], ends[1])
        let (counts, continuation) = AsyncStream.makeStream(of: Int.self)
        reactor.submit { loop in
            do {
                try loop.add(input, for: .readable, handler: PipeReader(input) { continuation.yield($0) })
            } catch {
                Issue.record(error)
            }
        }
        var iterator = counts.makeAsyncIterator()
        write(output, "abc", 3)
        #expect(await iterator.next() == 3)
        write(output, "de", 2)
        #expect(await iterator.next() == 2)
        close(output)
        #expect(await iterator.next() == 0)
        await reactor.shutdown()
        close(input)
    }

    @Test func reportsADescriptorThatCannotBeWatched() async throws {
        let reactor = try Reactor()
        let code = await withCheckedContinuation { (continuation: CheckedContinuation<Int32, Never>) in
            reactor.submit { loop in
                do throws(ReactorError) {
                    try loop.add(-1, for: .readable, handler: PipeReader(-1) { _ in })
                    continuation.resume(returning: 0)
                } catch {
                    continuation.resume(returning: error.code)
                }
            }
        }
        #expect(code == EBADF)
        await reactor.shutdown()
    }

    @Test func runsABlockingCallOnAnotherThread() async throws {
        let reactorless = await withCheckedContinuation { continuation in
            let started = BlockingThread.run { continuation.resume(returning: true) }
            #expect(started)
        }
        #expect(reactorless)
    }
}

@Suite struct BackoffTests {
    @Test func doublesUpToItsLimitWithJitterBelow() {
        var backoff = Backoff(first: .milliseconds(50), limit: .seconds(2), seed: 1)
        for step in [50, 100, 200, 400, 800, 1600, 2000, 2000] {
            let delay = backoff.delay()
            #expect(delay >= .milliseconds(step / 2) && delay <= .milliseconds(step))
        }
        backoff.reset()
        #expect(backoff.delay() <= .milliseconds(50))
    }

    @Test func spreadsDifferentSeeds() {
        let delays = (0..<50).map { (seed: UInt64) in
            var backoff = Backoff(first: .seconds(1), limit: .seconds(1), seed: seed)
            return backoff.delay()
        }
        #expect(Set(delays).count == delays.count)
    }
}

@Suite struct DurationTests {
    @Test func clampsInsteadOfTrapping() {
        #expect(Duration.seconds(-1).clampedNanoseconds == 0)
        #expect(Duration.seconds(Int64.max).clampedNanoseconds == .max)
        #expect(Duration.milliseconds(1500).clampedMilliseconds == 1500)
        #expect(Duration.seconds(Int64.max).clampedMilliseconds == .max)
        #expect((MonotonicTime(nanoseconds: .max - 1) + .seconds(1)).nanoseconds == .max)
    }
}
