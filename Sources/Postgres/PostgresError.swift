/// What a query, or the wait for it, failed with.
package enum PostgresError: Error, Sendable {
    /// The server refused the statement; whatever it did is undone.
    case server(ServerError)
    /// The server gave the statement up after the session's `statement_timeout`; it is undone.
    case timedOut(statement: String)
    /// The connection was lost after the statement was sent. `mayBeCommitted` is false for what only reads, and within
    /// a transaction before its COMMIT.
    case connectionLost(statement: String, mayBeCommitted: Bool)
    /// No connection could be had in time; with libpq's last complaint. Nothing was sent.
    case unavailable(reason: String)
    /// Too many wait already. Nothing was sent.
    case overloaded
    /// The task was cancelled. A write was then not sent; the result of a read is thrown away.
    case cancelled
    /// The pool is closed, or the transaction is over. Nothing was sent.
    case closed
    /// COMMIT was answered with a rollback, because an earlier statement of the transaction failed.
    case rolledBack
    /// A parameter, or all of them, beyond what the protocol carries.
    case parametersTooLarge(statement: String)
    /// A column does not hold what the program reads from it.
    case decoding(PostgresDecodingError, column: Int)

    /// The server's five-character code, when it is the server that refused.
    package var sqlState: String? {
        switch self {
        case .server(let error): error.sqlState
        case .timedOut: SQLState.queryCanceled
        default: nil
        }
    }

    /// A row with that key is there already; `constraint` tells which key.
    package var isUniqueViolation: Bool { sqlState == SQLState.uniqueViolation }

    /// The constraint that was violated.
    package var constraint: String? {
        guard case .server(let error) = self else { return nil }
        return error.constraint
    }

    package var mayRetry: RetryAdvice {
        switch self {
        case .server(let error): SQLState.retryable.contains(error.sqlState) ? .safe : .never
        case .connectionLost(_, mayBeCommitted: true): .unknown
        case .connectionLost(_, mayBeCommitted: false), .unavailable, .overloaded: .safe
        case .timedOut, .cancelled, .closed, .rolledBack, .parametersTooLarge, .decoding: .never
        }
    }
}

/// Whether the same statement or transaction may be sent again.
package enum RetryAdvice: Sendable, Hashable {
    /// It would fail again, or nobody waits for it.
    case never
    /// It certainly was not executed, or was undone.
    case safe
    /// It was in flight when the connection was lost. Look first whether it happened.
    case unknown
}

/// An error of the server, with the statement that met it.
package struct ServerError: Error, Sendable {
    package let sqlState: String
    /// In the server's language; for the log only, it may quote values.
    package let message: String
    package let constraint: String?
    /// The name of the statement.
    package fileprivate(set) var statement: String
    /// FATAL or PANIC: the server ends the session.
    let endsSession: Bool
    /// The C function that raised it: the only mark of a stale plan that does not depend on the server's language.
    let routine: String?

    /// The prepared statement is gone, or its result type has changed since: it was not executed, and does after it
    /// was prepared anew.
    var needsNewPlan: Bool {
        sqlState == SQLState.invalidStatementName
            || (sqlState == SQLState.featureNotSupported && routine == "RevalidateCachedQuery")
    }
}

extension PostgresError {
    init(_ error: ServerError, of statement: Statement) { self.init(error, ofStatementNamed: statement.name) }

    init(_ error: ServerError, ofStatementNamed name: String) {
        guard error.sqlState != SQLState.queryCanceled else {
            self = .timedOut(statement: name)
            return
        }
        var named = error
        named.statement = name
        self = .server(named)
    }
}

/// The codes that this module looks at.
///
/// - Spec: https://www.postgresql.org/docs/15/errcodes-appendix.html
enum SQLState {
    static let featureNotSupported = "0A000"
    static let uniqueViolation = "23505"
    static let invalidStatementName = "26000"
    static let serializationFailure = "40001"
    static let deadlockDetected = "40P01"
    static let lockNotAvailable = "55P03"
    static let queryCanceled = "57014"

    static let retryable: Set<String> = [serializationFailure, deadlockDetected, lockNotAvailable]
}
