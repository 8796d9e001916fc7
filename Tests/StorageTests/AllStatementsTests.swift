import ApusTesting
import MatrixCore
import Postgres
import Reactor
import Storage
import Telemetry
import Testing

/// The SQL against the schema.
@Suite struct AllStatementsTests {
    @Test func everyStatementCanBePreparedAgainstTheSchema() async throws {
        let reactor = try Reactor()
        try await TestDatabase.with { database in
            let pool = PostgresPool(
                PostgresConfiguration(conninfo: database.url), reactor: reactor, logger: Log.discarding.logger)
            _ = try await Migrator(pool: pool).migrate(serverName: ServerName("example.org")!, now: 1)
            for (number, statement) in AllStatements.list.enumerated() {
                await #expect(throws: Never.self, "\(statement.name)") {
                    try await pool.simple("prepare statement_\(number) as \(statement.sql)")
                }
            }
            await pool.close()
        }
        await reactor.shutdown()
    }

    @Test func statementsHaveNamesOfTheirOwn() {
        let names = AllStatements.list.map(\.name)
        #expect(Set(names).count == names.count)
    }

    @Test func migrationsAreAppliedOnce() async throws {
        let reactor = try Reactor()
        try await TestDatabase.with { database in
            let pool = PostgresPool(
                PostgresConfiguration(conninfo: database.url), reactor: reactor, logger: Log.discarding.logger)
            let migrator = Migrator(pool: pool)
            let name = ServerName("example.org")!
            let applied = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<3 { group.addTask { try await migrator.migrate(serverName: name, now: 1) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied.sorted() == Migrator.migrations.map(\.name))
            #expect(try await migrator.pending().isEmpty)
            await #expect(throws: Migrator.Failure.self) {
                _ = try await migrator.migrate(serverName: ServerName("other.org")!, now: 2)
            }
            await pool.close()
        }
        await reactor.shutdown()
    }
}
