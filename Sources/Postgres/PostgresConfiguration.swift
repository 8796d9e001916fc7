/// How a pool connects, and its bounds.
package struct PostgresConfiguration: Sendable {
    /// A URL (`postgresql://user@host/database`) or libpq's keywords (`host=/run/postgresql dbname=apus`).
    ///
    /// - Spec: https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING
    package var conninfo: String

    /// Connections for single statements, opened as the load asks for them; one always.
    package var poolSize = 8

    /// Connections for transactions of several statements, and for scripts. Opened when needed.
    package var maximumTransactions = 2

    /// After this the server gives a statement up. Rounded to milliseconds; zero is no limit.
    package var statementTimeout = Duration.seconds(30)

    /// What a server may be silent beyond the statement timeout, by which it ends a statement itself. Then its
    /// connection is given up.
    package var graceForServer = Duration.seconds(10)

    /// After this the server ends a transaction in which nothing happens: it may hold locks.
    package var idleInTransactionTimeout = Duration.seconds(30)

    /// For one attempt to connect. libpq knows whole seconds, 2 at least.
    package var connectTimeout = Duration.seconds(5)

    /// How long a statement may wait for a connection before it fails as `unavailable`.
    package var acquireTimeout = Duration.seconds(10)

    /// Statements that wait for a connection; further ones fail as `overloaded`.
    package var maximumQueuedStatements = 10_000

    /// Transactions that wait for a connection; further ones fail as `overloaded`.
    package var maximumQueuedTransactions = 256

    /// Shown by the server in `pg_stat_activity`.
    package var applicationName = "apus"

    /// The schemas that names without a schema are looked up in; nil leaves it to the server.
    package var searchPath: String?

    /// Told about each statement, for metrics.
    package var observer: (any PostgresObserver)?

    /// What is wrong with the connection string; nil when it can be used. Never quotes it: it may hold a password.
    package var problem: String? { Connector.problem(with: conninfo) }

    package init(conninfo: String) { self.conninfo = conninfo }

    package init(conninfo: String, poolSize: Int, applicationName: String) {
        self.conninfo = conninfo
        self.poolSize = max(1, poolSize)
        self.applicationName = applicationName
    }
}

/// Hears how each statement went. Called on the reactor's thread: it must return at once.
package protocol PostgresObserver: Sendable {
    /// - Parameters:
    ///   - duration: from the call to its end, the wait for a connection included.
    ///   - error: nil when it succeeded.
    func statementEnded(_ statement: Statement, after duration: Duration, error: PostgresError?)
}
