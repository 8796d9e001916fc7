import ApusTesting
import Logging
import Postgres
import Reactor
import Testing

@Suite struct TestDatabaseTests {
    private static let things = Statement("things", "SELECT n FROM things", mode: .read)

    @Test func copiesATemplateThatIsBuiltOnce() async throws {
        let name = "apus_template_test_\(MonotonicTime.now().nanoseconds)"
        let built = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var built = 0
                    try await TestDatabase.prepareTemplate(name) { url in
                        built += 1
                        try await withPool(PostgresConfiguration(conninfo: url)) { pool in
                            try await pool.simple("CREATE TABLE things (n bigint); INSERT INTO things VALUES (7)")
                        }
                    }
                    return built
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(built == 1)
        try await TestDatabase.with(template: name) { database in
            try await withPool(PostgresConfiguration(conninfo: database.url)) { pool in
                let rows = try await pool.query(Self.things)
                #expect(try rows.column(Int64.self) == [7])
            }
        }
        try await withPool(PostgresConfiguration(conninfo: try await TestServers.shared.postgresURL())) { pool in
            try await pool.simple("DROP DATABASE \(name)")
        }
    }

    @Test func aPoolThatIsLetGoClosesItsConnections() async throws {
        let others = Statement(
            "others",
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
            mode: .read)
        try await TestDatabase.with { database in
            var configuration = PostgresConfiguration(conninfo: database.url)
            configuration.poolSize = 1
            try await withPool(configuration) { [configuration] pool in
                let reactor = try Reactor()
                do {
                    let second = PostgresPool(
                        configuration, reactor: reactor, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                    )
                    let seen = try await second.query(others)
                    #expect(try seen.value(Int64.self) >= 0)
                }
                try await eventually("the end of its connection") {
                    try await pool.query(others).value(Int64.self) == 0
                }
                await reactor.shutdown()
            }
        }
    }
}
