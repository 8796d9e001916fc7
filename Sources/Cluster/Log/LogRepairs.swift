import Synchronization

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
        var sleeper: Waiter<Void>?
    }

    private let state = Mutex(State())

    func ask(_ request: Request) {
        let sleeper = state.withLock { state -> Waiter<Void>? in
            state.requests.insert(request)
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.end(())
    }

    /// Waits until there is something to do. For one task.
    func wait() async {
        let sleeper = Waiter<Void>()
        let isNeeded = state.withLock { state in
            guard state.requests.isEmpty else { return false }
            state.sleeper = sleeper
            return true
        }
        if isNeeded { await sleeper.wait(cancelled: ()) }
    }

    func take() -> Set<Request> {
        state.withLock { state in
            defer { state.requests = [] }
            return state.requests
        }
    }
}
