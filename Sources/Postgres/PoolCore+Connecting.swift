internal import Logging
internal import Reactor

/// Which connections are opened, and when.
extension PoolCore {
    /// Opens what the load asks for: one connection always, so that a dead server is noticed and recovered from
    /// before somebody waits; another when the least loaded one is busy; one for each transaction that waits.
    ///
    /// While attempts fail there is one at a time, with growing pauses.
    func connectAsNeeded(on loop: ReactorLoop) {
        guard !isClosing, retryTimer == nil else { return }
        if connectFailure != nil, attempts > 0 { return }
        if sessions.wantsConnection(limit: configuration.maximumTransactions) {
            sessions.attempts += 1
            attempt(forSession: true, on: loop)
            if connectFailure != nil { return }
        }
        guard connections.count + attempts - sessions.attempts < configuration.poolSize else { return }
        let isFirst = connections.isEmpty && attempts == sessions.attempts
        let isBusy = attempts == sessions.attempts && leastLoaded().map { $0.load >= Self.growthLoad } ?? false
        if isFirst || isBusy { attempt(forSession: false, on: loop) }
    }

    private func attempt(forSession: Bool, on loop: ReactorLoop) {
        attempts += 1
        let core = LoopBound(self, on: loop)
        connector.connect(on: reactor) { outcome, loop in
            core.value(on: loop).attemptEnded(outcome, forSession: forSession, on: loop)
        }
    }

    private func attemptEnded(_ outcome: Connector.Outcome, forSession: Bool, on loop: ReactorLoop) {
        attempts -= 1
        if forSession { sessions.attempts -= 1 }
        switch outcome {
        case .failed(let reason): attemptFailed(reason, on: loop)
        case .connected(let handle):
            guard !isClosing else { break }
            do {
                let connection = try Connection(handle, owner: self, on: loop)
                attemptSucceeded(connection, forSession: forSession, on: loop)
            } catch {
                attemptFailed(error.description, on: loop)
            }
        }
        pump(on: loop)
    }

    private func attemptSucceeded(_ connection: Connection, forSession: Bool, on loop: ReactorLoop) {
        if connectFailure != nil { logger.notice("connected to Postgres again") }
        connectFailure = nil
        backoff.reset()
        if forSession {
            sessions.add(connection, on: loop)
        } else {
            connections.append(connection)
        }
    }

    private func attemptFailed(_ reason: String, on loop: ReactorLoop) {
        // An operator wants to read it once, not twice a second.
        if connectFailure == nil {
            logger.warning("cannot connect to Postgres", metadata: ["cause": .string(reason)])
        }
        connectFailure = reason
        guard !isClosing, retryTimer == nil else { return }
        retryTimer = loop.schedule(after: backoff.delay()) { [weak self] loop in
            self?.retryTimer = nil
            self?.connectAsNeeded(on: loop)
        }
    }
}
