import Cluster
import MatrixCore
import Synchronization

/// Looks for keys that are under way: one for each server at a time, whoever else wants to know, and a bounded number of
/// them. A look outlives the request that began it, since others wait for it too.
final class KeyFlights: Sendable {
    /// Looks at the same time. Whoever comes then has to do with what is known.
    static let maximumFlights = 256

    /// How a look ended.
    enum Landing: Sendable {
        /// The database had the answer.
        case known
        /// Somebody was asked, or it was too early to ask again.
        case asked
        /// The wait was given up, or the look never began.
        case none
    }

    private struct State {
        var waiting: [ServerName: [Waiter<Landing>]] = [:]
        var tasks: [ServerName: Task<Void, Never>] = [:]
        var isStopped = false
    }

    private let state = Mutex(State())

    /// Waits for the look that is under way for a server, or begins one and waits for it.
    func join(_ server: ServerName, _ look: @escaping @Sendable () async -> Landing) async -> Landing {
        let waiter = Waiter<Landing>()
        guard begin(server, waiter, look) else { return .none }
        return await waiter.wait(cancelled: .none)
    }

    /// Begins a look unless one is under way, and waits for nothing.
    func start(_ server: ServerName, _ look: @escaping @Sendable () async -> Landing) {
        _ = begin(server, nil, look)
    }

    /// Gives up all looks.
    func stop() {
        let tasks = state.withLock { state in
            state.isStopped = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
    }

    private func begin(
        _ server: ServerName, _ waiter: Waiter<Landing>?, _ look: @escaping @Sendable () async -> Landing
    ) -> Bool {
        state.withLock { state in
            if state.waiting[server] != nil {
                // Those who gave up do not make the list grow.
                state.waiting[server]?.removeAll(where: \.hasEnded)
                if let waiter { state.waiting[server]?.append(waiter) }
                return true
            }
            guard !state.isStopped, state.waiting.count < Self.maximumFlights else { return false }
            state.waiting[server] = waiter.map { [$0] } ?? []
            state.tasks[server] = Task {
                let landing = await look()
                land(server, landing)
            }
            return true
        }
    }

    private func land(_ server: ServerName, _ landing: Landing) {
        let waiters = state.withLock { state in
            state.tasks[server] = nil
            return state.waiting.removeValue(forKey: server) ?? []
        }
        for waiter in waiters { waiter.end(landing) }
    }
}
