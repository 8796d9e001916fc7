internal import DequeModule
internal import Reactor

/// Deadlines, and the end.
extension PoolCore {
    /// How exactly the deadlines of those who wait are kept. There is no timer while nobody waits.
    private static let upkeepInterval = Duration.milliseconds(250)

    func scheduleUpkeep(on loop: ReactorLoop) {
        guard upkeepTimer == nil, hasDeadlines else { return }
        upkeepTimer = loop.schedule(after: Self.upkeepInterval) { [weak self] loop in
            self?.upkeepTimer = nil
            self?.upkeep(on: loop)
        }
    }

    /// Stops taking statements; the last of those in flight resumes the waiters.
    func close(_ waiter: CheckedContinuation<Void, Never>, within grace: Duration, on loop: ReactorLoop) {
        closeWaiters.append(waiter)
        guard !isClosing else { return finishClosing(on: loop) }
        isClosing = true
        if let retryTimer { loop.cancel(retryTimer) }
        retryTimer = nil
        sessions.failWaiters(.closed)
        loop.schedule(after: grace) { [weak self] loop in self?.closeNow(on: loop) }
        finishClosing(on: loop)
    }

    func finishClosing(on loop: ReactorLoop) {
        guard isClosing, !closeWaiters.isEmpty else { return }
        if connections.isEmpty { failQueue(.closed) }
        // A thread that is still connecting would meet OpenSSL's end when the process exits.
        guard attempts == 0, queue.isEmpty, sessions.leased.isEmpty, !connections.contains(where: \.awaitsServer) else {
            return
        }
        closeNow(on: loop)
    }

    /// Closes every connection; what is in flight fails. Nothing happens after it.
    func closeNow(on loop: ReactorLoop) {
        isClosing = true
        if let retryTimer { loop.cancel(retryTimer) }
        retryTimer = nil
        failQueue(.closed)
        for connection in connections + sessions.all { connection.lose("the pool is closed", on: loop) }
        connections = []
        if let upkeepTimer { loop.cancel(upkeepTimer) }
        upkeepTimer = nil
        for waiter in closeWaiters { waiter.resume() }
        closeWaiters = []
    }

    private var hasDeadlines: Bool {
        !queue.isEmpty || sessions.hasWaiters || connections.contains(where: \.awaitsServer)
            || sessions.all.contains(where: \.awaitsServer)
    }

    private func upkeep(on loop: ReactorLoop) {
        expireQueue(now: loop.now)
        sessions.expireWaiters(now: loop.now, limit: configuration.acquireTimeout, reason: connectFailure)
        dropSilentConnections(on: loop)
        pump(on: loop)
    }

    /// What waits is in order of age, but for what came back: that is at the front, and older.
    private func expireQueue(now: MonotonicTime) {
        while let request = queue.first {
            let expired = now.since(request.startedAt) >= configuration.acquireTimeout
            guard expired || request.isAnswered else { return }
            queue.removeFirst()
            answer(request, .failure(.unavailable(reason: connectFailure ?? "all connections are busy")))
        }
    }

    /// A server that is stopped, or a network that swallows everything, is told by silence only.
    private func dropSilentConnections(on loop: ReactorLoop) {
        guard configuration.statementTimeout > .zero else { return }
        let limit = configuration.statementTimeout + configuration.graceForServer
        for connection in connections + sessions.all
        where connection.awaitsServer && loop.now.since(connection.lastProgress) > limit {
            connection.lose("the server is silent", on: loop)
        }
    }

    private func failQueue(_ error: PostgresError) {
        let waiting = queue
        queue = []
        for request in waiting { answer(request, .failure(error)) }
    }
}
