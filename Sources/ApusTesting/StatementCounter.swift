package import Postgres
import Synchronization

/// Counts the statements that a pool runs, by their names.
package final class StatementCounter: PostgresObserver {
    private let counts = Mutex<[String: Int]>([:])

    package init() {}

    package func statementEnded(_ statement: Statement, after duration: Duration, error: PostgresError?) {
        counts.withLock { $0[statement.name, default: 0] += 1 }
    }

    /// What was run while `body` ran.
    package func counting<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
    ) async throws -> (value: Value, statements: [String: Int]) {
        let before = counts.withLock { $0 }
        let value = try await body()
        let after = counts.withLock { $0 }
        return (
            value, after.reduce(into: [:]) { $0[$1.key] = $1.value - (before[$1.key] ?? 0) }.filter { $0.value > 0 }
        )
    }
}

extension [String: Int] {
    /// The statements that requests cause: a worker looks at the log once a second besides.
    package var askedByRequests: [String: Int] {
        filter { !["log.heads", "log.rows_after", "log.rows_after_each"].contains($0.key) }
    }
}
