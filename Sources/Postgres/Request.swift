internal import Reactor

/// One call of one statement on its way through the pool.
///
/// Made by the calling task. Its mutable part is touched on the reactor's thread only, so it needs no lock; also the
/// continuation is set there, since a cancellation may come before anything else does.
final class Request: @unchecked Sendable {
    typealias Outcome = Result<PostgresRows, PostgresError>
    typealias Continuation = CheckedContinuation<Outcome, Never>

    let statement: Statement
    let parameters: ParameterBlock
    let mode: Statement.Mode
    /// Its success makes something lasting: so when its answer is lost, nobody knows.
    let isCommit: Bool
    let startedAt: MonotonicTime

    /// Whoever waits; nil before the reactor's thread has the request, and once it was answered.
    private var continuation: Continuation?
    /// The task was cancelled before the request reached the reactor's thread.
    private(set) var isCancelled = false
    var isSent = false
    /// How often it was cut off: by how many outages, not by how many connections.
    private(set) var losses = 0
    private var lastLoss = MonotonicTime(nanoseconds: 0)
    /// How often a neighbour's failure kept it from being executed.
    var aborts = 0
    /// How often it was sent again with a new plan.
    var replans = 0

    var isAnswered: Bool { continuation == nil }

    /// What it takes of a connection's window: a write occupies the server longer, and may wait for a lock there.
    var weight: Int { mode == .read ? 1 : 4 }

    /// A statement that stands alone.
    convenience init(_ statement: Statement, _ parameters: ParameterBlock) {
        self.init(statement, parameters, mode: statement.mode, isCommit: statement.mode == .write)
    }

    init(_ statement: Statement, _ parameters: ParameterBlock, mode: Statement.Mode, isCommit: Bool) {
        self.statement = statement
        self.parameters = parameters
        self.mode = mode
        self.isCommit = isCommit
        startedAt = .now()
    }

    func wait(with continuation: Continuation) { self.continuation = continuation }

    /// Answers the caller. The second answer is dropped: a cancelled read still gets its result.
    func answer(_ outcome: Outcome, to observer: (any PostgresObserver)?) {
        guard let continuation else { return }
        self.continuation = nil
        if let observer {
            let error: PostgresError? = if case .failure(let error) = outcome { error } else { nil }
            observer.statementEnded(statement, after: MonotonicTime.now().since(startedAt), error: error)
        }
        continuation.resume(returning: outcome)
    }

    /// When a server dies, its connections are found dead one by one, and what was in flight on the first may be sent
    /// on the next: only the loss of a connection that is newer than the last loss is another one.
    func wasCutOff(on connection: Connection, now: MonotonicTime) {
        isSent = false
        if connection.openedAt >= lastLoss { losses += 1 }
        lastLoss = now
    }

    /// What a cancelled task is told depends on where the statement is: not sent, it never will be; a read in flight
    /// is left to itself; a write in flight is waited for, because whoever asked must know whether it happened. That
    /// wait is bounded by the statement timeout.
    func cancel(observer: (any PostgresObserver)?) {
        isCancelled = true
        if !isSent || mode == .read { answer(.failure(.cancelled), to: observer) }
    }
}
