import Cluster
import MatrixCore
import Storage
import Synchronization
import Telemetry

/// The shards whose users' lists this worker fetches, and when to look for what is due: at once when it was asked for here, and
/// regularly, for what other workers ask for and for what is to be tried again.
final class DeviceResyncSlots: Sendable {
    /// How soon is found what another worker has asked for.
    private static let pollInterval = Duration.seconds(3)

    private struct State {
        var slots: [Int16: AsyncStream<[DueDeviceResync]>.Continuation] = [:]
        var woken: Set<Int16> = []
        var nextPoll: Duration
    }

    private let clock: any Clock
    private let alarm: Alarm
    private let state: Mutex<State>

    init(clock: any Clock) {
        self.clock = clock
        alarm = Alarm(clock: clock)
        state = Mutex(State(nextPoll: clock.monotonic))
    }

    /// This worker takes care of the shard from now on.
    ///
    /// - Returns: its users that are due, each time they were looked for.
    func open(_ shard: Int16) -> AsyncStream<[DueDeviceResync]> {
        // What was not taken up yet is found again by the next look.
        let (due, continuation) = AsyncStream.makeStream(
            of: [DueDeviceResync].self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.slots.updateValue(continuation, forKey: shard) }?.finish()
        wake(shard)
        return due
    }

    func close(_ shard: Int16) { state.withLock { $0.slots.removeValue(forKey: shard) }?.finish() }

    /// Something may be due in a shard. If another worker has it, that one will see.
    func wake(_ shard: Int16) {
        let isOurs = state.withLock { state in
            guard state.slots[shard] != nil else { return false }
            state.woken.insert(shard)
            return true
        }
        if isOurs { alarm.ring() }
    }

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
            state.nextPoll = now + Self.pollInterval
            return (Set(state.slots.keys), state.nextPoll)
        }
        if let nextPoll { alarm.set(at: nextPoll) }
        return shards
    }

    /// Hands over what was found.
    func offer(_ due: [Int16: [DueDeviceResync]]) {
        state.withLock { state in
            for (shard, resyncs) in due { state.slots[shard]?.yield(resyncs) }
        }
    }
}
