internal import Reactor

/// The statements around a transaction.
private enum Boundary {
    static let begin = Statement("begin", "BEGIN")
    static let commit = Statement("commit", "COMMIT")
    static let rollback = Statement("rollback", "ROLLBACK")
}

extension PostgresPool {
    /// Runs `body` in one transaction, on a connection of its own: committed when it returns, rolled back when it throws
    /// or the task is cancelled. For the rare case that one statement, or one function in SQL, cannot do it.
    ///
    /// A transaction that is left open holds locks and keeps dead rows alive: nothing slow belongs in `body`.
    /// - Throws: what `body` throws, or `PostgresError`. Of a COMMIT in flight on a lost connection `mayRetry` is `.unknown`.
    package func transaction<Value: Sendable>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        let (transaction, lease) = try await begin()
        do {
            let value = try await body(transaction)
            try Task.checkCancellation()
            let answer = try await transaction.end(Boundary.commit, isCommit: true)
            guard answer.result.commandTag == "COMMIT" else { throw PostgresError.rolledBack }
            giveBack(lease, reusable: true)
            return value
        } catch {
            // Also when the task is cancelled, and also when the connection is lost: then it fails at once.
            let undone = try? await transaction.end(Boundary.rollback, isCommit: false)
            giveBack(lease, reusable: undone != nil)
            throw error
        }
    }

    /// Runs SQL text of any number of statements, for migrations. Unless the text says otherwise, all of it is one
    /// transaction. Its connection is closed afterwards, so settings that it makes last no longer than it.
    ///
    /// - Throws: the first error. The text may `SET statement_timeout = 0` for itself.
    package func simple(_ sql: String) async throws(PostgresError) {
        let lease = try await acquireSession()
        defer { giveBack(lease, reusable: false) }
        try await run(sql, on: lease)
    }

    func run(_ sql: String, on lease: SessionLease) async throws(PostgresError) {
        let script = ScriptRun(sql)
        let outcome = await withCheckedContinuation { continuation in
            script.wait(with: continuation)
            let submitted = reactor.submit { loop in
                let connection = lease.connection.value(on: loop)
                guard connection.lease == lease.id else { return script.finish(.failure(.closed)) }
                connection.run(script, on: loop)
            }
            if !submitted { script.finish(.failure(.closed)) }
        }
        try outcome.get()
    }

    /// Opens a transaction. A connection that was lost while nobody used it may not be known as such yet: then the next
    /// is tried.
    private func begin() async throws(PostgresError) -> (PostgresTransaction, SessionLease) {
        var attempts = 0
        while true {
            let lease = try await acquireSession()
            let transaction = PostgresTransaction(pool: self, lease: lease)
            do throws(PostgresError) {
                try await transaction.begin(Boundary.begin)
                return (transaction, lease)
            } catch {
                giveBack(lease, reusable: false)
                attempts += 1
                guard case .safe = error.mayRetry, attempts <= configuration.maximumTransactions else { throw error }
            }
        }
    }

    private func acquireSession() async throws(PostgresError) -> SessionLease {
        let waiter = SessionWaiter()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let submitted = reactor.submit { [core] loop in
                    waiter.wait(with: continuation)
                    core.value(on: loop).acquire(waiter, on: loop)
                }
                if !submitted { continuation.resume(returning: .failure(.closed)) }
            }
        } onCancel: {
            reactor.submit { _ in waiter.cancel() }
        }
        return try outcome.get()
    }

    private func giveBack(_ lease: SessionLease, reusable: Bool) {
        reactor.submit { [core] loop in
            core.value(on: loop).giveBack(lease.connection.value(on: loop), reusable: reusable, on: loop)
        }
    }
}

extension PoolCore {
    fileprivate func acquire(_ waiter: SessionWaiter, on loop: ReactorLoop) {
        guard !isClosing else { return waiter.answer(.failure(.closed)) }
        sessions.acquire(waiter, limit: configuration.maximumQueuedTransactions, on: loop)
        connectAsNeeded(on: loop)
        scheduleUpkeep(on: loop)
    }

    fileprivate func giveBack(_ connection: Connection, reusable: Bool, on loop: ReactorLoop) {
        if reusable, !isClosing {
            sessions.giveBack(connection, on: loop)
        } else {
            connection.close(on: loop)
            sessions.remove(connection)
        }
        pump(on: loop)
    }

    /// Sends a statement of a transaction, if it still is that transaction's turn.
    func send(_ request: Request, lease: SessionLease, on loop: ReactorLoop) {
        let connection = lease.connection.value(on: loop)
        guard !request.isCancelled else { return answer(request, .failure(.cancelled)) }
        guard !connection.isLost else {
            return answer(request, .failure(.unavailable(reason: "the transaction's connection is lost")))
        }
        guard connection.lease == lease.id else { return answer(request, .failure(.closed)) }
        guard connection.load < Self.maximumLoad else { return answer(request, .failure(.overloaded)) }
        if !connection.send(request, on: loop) {
            answer(request, .failure(.unavailable(reason: "the transaction's connection is lost")))
        }
        scheduleUpkeep(on: loop)
    }
}
