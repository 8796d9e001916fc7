/// SQL text of several statements, on its way through a connection. Touched on the reactor's thread only.
final class ScriptRun: @unchecked Sendable {
    /// What errors and metrics call it.
    static let name = "script"

    let sql: String
    private var firstError: PostgresError?
    private var continuation: CheckedContinuation<Result<Void, PostgresError>, Never>?

    init(_ sql: String) { self.sql = sql }

    func wait(with continuation: CheckedContinuation<Result<Void, PostgresError>, Never>) {
        self.continuation = continuation
    }

    /// The server stops at the first error; what it says after that is a consequence.
    func note(_ error: ServerError) {
        if firstError == nil { firstError = PostgresError(error, ofStatementNamed: Self.name) }
    }

    func finish() { finish(firstError.map { .failure($0) } ?? .success(())) }

    func finish(_ outcome: Result<Void, PostgresError>) {
        continuation?.resume(returning: outcome)
        continuation = nil
    }
}
