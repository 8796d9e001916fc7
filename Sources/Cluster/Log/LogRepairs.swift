import Synchronization
import Telemetry

/// What the feed has to read from the database, collected until it does.
final class LogRepairs: Sendable {
    enum Request: Hashable {
        /// Rows of a shard that are known to be missing.
        case gap(Int16)
        /// Rows of a shard of which somebody else says that there are some.
        case rumour(Int16)
        /// The heads of all shards.
        case poll
    }

    private struct State {
        var requests: Set<Request> = []
        var nextPoll: Duration
    }

    private let clock: any Clock
    private let alarm: Alarm
    private let state: Mutex<State>

    init(clock: any Clock) {
        self.clock = clock
        alarm = Alarm(clock: clock)
        state = Mutex(State(nextPoll: clock.monotonic + LogFeed.pollInterval))
    }

    /// Taken up after `LogFeed.patience`: the rows before those that came too early are most often on their way.
    func ask(_ request: Request) {
        let isNew = state.withLock { $0.requests.insert(request).inserted }
        if isNew { alarm.set(at: clock.monotonic + LogFeed.patience) }
    }

    /// Waits until there is something to do, and takes it: what was asked for, or the poll when its time has come. May be
    /// nothing. For one task.
    func next() async -> Set<Request> {
        alarm.set(at: state.withLock { $0.nextPoll })
        await alarm.wait()
        let now = clock.monotonic
        return state.withLock { state in
            if state.nextPoll <= now {
                state.nextPoll = now + LogFeed.pollInterval
                state.requests.insert(.poll)
            }
            defer { state.requests = [] }
            return state.requests
        }
    }
}
