import Synchronization
package import Telemetry

/// The slots of a duty, one for each shard, that this worker holds, and when to look in the database for what is due in them: at once
/// when something has come up here, and regularly, for what other workers bring and for what is to be tried again.
package final class DueSlots<Item: Sendable>: Sendable {
    private static var pauseAfterFailure: Duration { .seconds(1) }

    private struct State {
        var slots: [Int16: AsyncStream<[Item]>.Continuation] = [:]
        var woken: Set<Int16> = []
        var nextPoll: Duration
    }

    private let pollInterval: Duration
    private let clock: any Clock
    private let alarm: Alarm
    private let state: Mutex<State>

    /// - Parameter pollInterval: how soon is found what another worker has brought.
    package init(pollInterval: Duration, clock: any Clock) {
        self.pollInterval = pollInterval
        self.clock = clock
        alarm = Alarm(clock: clock)
        state = Mutex(State(nextPoll: clock.monotonic))
    }

    /// Something may be due in a shard. If another worker has it, that one will see.
    package func wake(_ shard: Int16) {
        let isOurs = state.withLock { state in
            guard state.slots[shard] != nil else { return false }
            state.woken.insert(shard)
            return true
        }
        if isOurs { alarm.ring() }
    }

    // MARK: Working

    /// Works on what is due in a shard until the task is cancelled: on so much at the same time, and never twice on the same.
    ///
    /// - Parameter key: what tells items apart.
    package func work<Key: Hashable & Sendable>(
        in shard: Int16, atMost limit: Int, by key: @escaping @Sendable (Item) -> Key,
        _ work: @escaping @Sendable (Item) async -> Void
    ) async {
        let underWay = UnderWay<Key>()
        let due = open(shard)
        defer { close(shard) }
        await withDiscardingTaskGroup { group in
            for await found in due {
                for item in found where underWay.begin(key(item), atMost: limit) {
                    group.addTask {
                        await work(item)
                        underWay.end(key(item))
                        self.wake(shard)
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// Looks for what is due, with one question for all slots, until the task is cancelled.
    ///
    /// - Parameter fail: is told why it could not be looked; it is tried again.
    package func look(
        _ find: (Set<Int16>) async throws -> [Int16: [Item]], onFailure fail: (any Error) -> Void
    ) async {
        while !Task.isCancelled {
            let shards = await next()
            guard !shards.isEmpty else { continue }
            do {
                offer(try await find(shards))
            } catch {
                guard !Task.isCancelled else { return }
                fail(error)
                try? await clock.sleep(for: Self.pauseAfterFailure)
                for shard in shards { wake(shard) }
            }
        }
    }

    // MARK: Steps

    /// This worker takes care of the shard from now on.
    ///
    /// - Returns: what is due in it, each time it was looked for.
    func open(_ shard: Int16) -> AsyncStream<[Item]> {
        // What was not taken up yet is found again by the next look.
        let (due, continuation) = AsyncStream.makeStream(of: [Item].self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.slots.updateValue(continuation, forKey: shard) }?.finish()
        wake(shard)
        return due
    }

    func close(_ shard: Int16) { state.withLock { $0.slots.removeValue(forKey: shard) }?.finish() }

    /// Waits until it is time to look.
    ///
    /// - Returns: where; may be nowhere.
    func next() async -> Set<Int16> {
        await alarm.wait()
        let now = clock.monotonic
        let (shards, nextPoll) = state.withLock { state -> (Set<Int16>, Duration?) in
            defer { state.woken = [] }
            guard !state.slots.isEmpty else { return ([], nil) }
            guard state.nextPoll <= now else { return (state.woken, state.nextPoll) }
            state.nextPoll = now + pollInterval
            return (Set(state.slots.keys), state.nextPoll)
        }
        if let nextPoll { alarm.set(at: nextPoll) }
        return shards
    }

    /// Hands over what was found.
    func offer(_ due: [Int16: [Item]]) {
        state.withLock { state in
            for (shard, items) in due { state.slots[shard]?.yield(items) }
        }
    }
}

/// What is worked on in a slot now.
private final class UnderWay<Key: Hashable & Sendable>: Sendable {
    private let keys = Mutex<Set<Key>>([])

    /// - Returns: false when it is under way already, or when so many are.
    func begin(_ key: Key, atMost limit: Int) -> Bool {
        keys.withLock { $0.count < limit && $0.insert(key).inserted }
    }

    func end(_ key: Key) { keys.withLock { _ = $0.remove(key) } }
}
