import Accounts
import ApusTesting
import Cluster
import HTTPAPI
import MatrixCore
import Postgres
import Reactor
import Storage
import Telemetry

/// A migrated database of its own, and workers on it.
struct AccountFixture: Sendable {
    static let serverName = ServerName("example.org")!

    let database: TestDatabase
    let reactor: Reactor
    let installation: Installation
    let clock: ManualClock

    static func with(_ body: (AccountFixture) async throws -> Void) async throws {
        let reactor = try Reactor()
        let template = "apus_\(fingerprint)"
        try await TestDatabase.prepareTemplate(template) { url in
            let pool = PostgresPool(
                PostgresConfiguration(conninfo: url), reactor: reactor, logger: Log.discarding.logger)
            _ = try await Migrator(pool: pool).migrate(serverName: serverName, now: 1)
            await pool.close()
        }
        try await TestDatabase.with(template: template) { database in
            let pool = PostgresPool(
                PostgresConfiguration(conninfo: database.url), reactor: reactor, logger: Log.discarding.logger)
            let installation = try await LogStore(pool: pool).installation()
            await pool.close()
            guard let installation else { throw TestingError("the database says not what it is") }
            try await body(
                AccountFixture(
                    database: database, reactor: reactor, installation: installation, clock: ManualClock()))
        }
        await reactor.shutdown()
    }

    /// The same name for everybody who migrates alike: the template is made once.
    private static var fingerprint: String {
        let text = Migrator.migrations.map { $0.name + $0.sql }.joined()
        return SHA256.hash(Array(text.utf8)).prefix(8).map { String($0, radix: 16) }.joined()
    }

    /// One more worker on the database.
    func withWorker(
        registration: RegistrationPolicy = RegistrationPolicy(isOpen: true), hints: any HintBus = NoHints(),
        limiter: any RateLimiter = UnlimitedRate(), _ body: (AccountWorker) async throws -> Void
    ) async throws {
        let worker = try await AccountWorker.start(
            in: self, registration: registration, hints: hints, limiter: limiter)
        do {
            try await body(worker)
            await worker.stop()
        } catch {
            await worker.stop()
            throw error
        }
    }

    /// Everything that the tables hold, as text.
    func dump() async throws -> String {
        let pool = PostgresPool(
            PostgresConfiguration(conninfo: database.url), reactor: reactor, logger: Log.discarding.logger)
        var text = ""
        for row in try await pool.query(Dump.tables) {
            let table = try row.get(0, String.self)
            for row in try await pool.query(Dump.rows, table) { text += "\(table): \(try row.get(0, String.self))\n" }
        }
        await pool.close()
        return text
    }
}

private enum Dump {
    static let tables = Statement(
        "dump.tables", "select table_name::text from information_schema.tables where table_schema = 'public'")
    /// Byte strings come in hexadecimal.
    static let rows = Statement(
        "dump.rows",
        """
        select query_to_xml(format('select t::text as row from %I t', $1), true, true, '')::text
        """)
}
