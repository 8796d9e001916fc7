import Accounts
import ApusTesting
import Cluster
import HTTPAPI
import MatrixCore
import Postgres
import Storage
import Telemetry

/// A migrated database of its own, and workers on it.
struct AccountFixture: Sendable {
    static let serverName = ServerName("example.org")!

    let database: MigratedDatabase
    let installation: Installation
    let clock: ManualClock

    static func with(_ body: (AccountFixture) async throws -> Void) async throws {
        try await MigratedDatabase.with { database in
            let pool = database.pool()
            let installation = try await LogStore(pool: pool).installation()
            await pool.close()
            guard let installation else { throw TestingError("the database says not what it is") }
            try await body(AccountFixture(database: database, installation: installation, clock: ManualClock()))
        }
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
        let pool = database.pool()
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
