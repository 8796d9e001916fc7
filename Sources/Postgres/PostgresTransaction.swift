internal import Reactor
internal import Synchronization

/// The statements of one transaction. Good until the closure that got it ends; then every call throws `.closed`.
package final class PostgresTransaction: Sendable {
    private let pool: PostgresPool
    private let lease: SessionLease
    private let isOver = Atomic<Bool>(false)

    init(pool: PostgresPool, lease: SessionLease) {
        self.pool = pool
        self.lease = lease
    }

    /// Runs one statement. After one that failed the transaction is lost: every other fails, and COMMIT rolls back.
    package func query<each Parameter: PostgresEncodable>(
        _ statement: Statement, _ parameter: repeat each Parameter
    ) async throws(PostgresError) -> PostgresRows {
        var parameters = ParameterBlock()
        repeat parameters.append(each parameter)
        guard parameters.isWithinLimits else { throw .parametersTooLarge(statement: statement.name) }
        guard !isOver.load(ordering: .acquiring) else { throw .closed }
        return try await send(statement, parameters)
    }

    /// Runs one statement for its effect.
    ///
    /// - Returns: how many rows it touched.
    @discardableResult
    package func execute<each Parameter: PostgresEncodable>(
        _ statement: Statement, _ parameter: repeat each Parameter
    ) async throws(PostgresError) -> Int {
        try await query(statement, repeat each parameter).affectedRows
    }

    /// Runs SQL text of several statements within the transaction. No other statement of it may be in flight.
    package func simple(_ sql: String) async throws(PostgresError) {
        guard !isOver.load(ordering: .acquiring) else { throw .closed }
        try await pool.run(sql, on: lease)
    }

    func begin(_ begin: Statement) async throws(PostgresError) {
        _ = try await send(begin, ParameterBlock())
    }

    /// Runs COMMIT or ROLLBACK, whatever becomes of the task meanwhile.
    func end(_ boundary: Statement, isCommit: Bool) async throws(PostgresError) -> PostgresRows {
        isOver.store(true, ordering: .releasing)
        return try await send(boundary, ParameterBlock(), isCommit: isCommit, cancellable: false)
    }

    /// Always as a write: a statement of a transaction is never sent twice, and its end is waited for.
    private func send(
        _ statement: Statement, _ parameters: ParameterBlock, isCommit: Bool = false, cancellable: Bool = true
    ) async throws(PostgresError) -> PostgresRows {
        let request = Request(statement, parameters, mode: .write, isCommit: isCommit)
        return try await pool.wait(for: request, cancellable: cancellable) { continuation in
            pool.reactor.submit { [core = pool.core, lease] loop in
                request.wait(with: continuation)
                core.value(on: loop).send(request, lease: lease, on: loop)
            }
        }.get()
    }
}
