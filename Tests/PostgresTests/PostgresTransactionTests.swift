import Postgres
import Testing

@Suite struct PostgresTransactionTests {
    private static let insert = Statement("insert", "INSERT INTO numbers VALUES ($1)")
    private static let count = Statement("count", "SELECT count(*) FROM numbers", mode: .read)

    private struct Refusal: Error {}

    private func withTable(_ body: (PostgresPool) async throws -> Void) async throws {
        try await withPool { pool in
            try await pool.simple("CREATE TABLE numbers (n bigint PRIMARY KEY)")
            try await body(pool)
        }
    }

    @Test func commitsWhatItsBodyDid() async throws {
        try await withTable { pool in
            let seen = try await pool.transaction { transaction in
                try await transaction.execute(Self.insert, Int64(1))
                try await transaction.execute(Self.insert, Int64(2))
                return try await transaction.query(Self.count).value(Int64.self)
            }
            #expect(seen == 2)
            #expect(try await pool.query(Self.count).value(Int64.self) == 2)
        }
    }

    @Test func rollsBackWhenItsBodyThrows() async throws {
        try await withTable { pool in
            try await pool.execute(Self.insert, Int64(5))
            for _ in 0..<5 {
                await #expect(throws: Refusal.self) {
                    try await pool.transaction { transaction in
                        try await transaction.execute(Self.insert, Int64(1))
                        throw Refusal()
                    }
                }
            }
            #expect(try await pool.query(Self.count).value(Int64.self) == 1)
        }
    }

    @Test func rollsBackWhenItsTaskIsCancelled() async throws {
        try await withTable { pool in
            let task = Task {
                try await pool.transaction { transaction in
                    try await transaction.execute(Self.insert, Int64(1))
                    while !Task.isCancelled { await Task.yield() }
                }
            }
            try await Task.sleep(for: .milliseconds(100))
            task.cancel()
            await #expect(throws: (any Error).self) { try await task.value }
            #expect(try await pool.query(Self.count).value(Int64.self) == 0)
            // The connection is of use again.
            try await pool.transaction { _ = try await $0.execute(Self.insert, Int64(1)) }
        }
    }

    @Test func doesNotCommitWhatAFailedStatementLeft() async throws {
        try await withTable { pool in
            try await pool.execute(Self.insert, Int64(5))
            let error = await #expect(throws: PostgresError.self) {
                try await pool.transaction { transaction in
                    try await transaction.execute(Self.insert, Int64(1))
                    _ = try? await transaction.execute(Self.insert, Int64(1))
                }
            }
            guard case .rolledBack = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(try await pool.query(Self.count).value(Int64.self) == 1)
        }
    }

    @Test func isOfNoUseAfterItsEnd() async throws {
        try await withTable { pool in
            let kept = try await pool.transaction { $0 }
            await #expect(throws: PostgresError.self) { try await kept.execute(Self.insert, Int64(1)) }
            await #expect(throws: PostgresError.self) { try await kept.simple("INSERT INTO numbers VALUES (1)") }
            #expect(try await pool.query(Self.count).value(Int64.self) == 0)
        }
    }

    @Test func moreThanThereAreConnectionsTakeTurns() async throws {
        try await withTable { pool in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in Int64(0)..<50 {
                    group.addTask {
                        try await pool.transaction { transaction in
                            try await transaction.execute(Self.insert, number)
                            try await transaction.execute(Self.insert, 1000 + number)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await pool.query(Self.count).value(Int64.self) == 100)
        }
    }

    @Test func waitersAreBoundedInNumberAndTime() async throws {
        try await withPool({
            $0.maximumTransactions = 1
            $0.maximumQueuedTransactions = 1
            $0.acquireTimeout = .milliseconds(300)
        }) { pool in
            try await pool.transaction { _ in
                let first = Task { try await pool.transaction { _ in } }
                try await Task.sleep(for: .milliseconds(50))
                let second = await #expect(throws: PostgresError.self) { try await pool.transaction { _ in } }
                guard case .overloaded = second else {
                    Issue.record("\(String(describing: second))")
                    return
                }
                let error = await #expect(throws: PostgresError.self) { try await first.value }
                guard case .unavailable = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(error?.mayRetry == RetryAdvice.safe)
            }
        }
    }

    @Test func tellsThatASerializationFailureMayBeRetried() async throws {
        try await withTable { pool in
            try await pool.execute(Self.insert, Int64(1))
            let update = Statement("update", "UPDATE numbers SET n = n + 1")
            let isolate = Statement("isolate", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            let error = await #expect(throws: PostgresError.self) {
                try await pool.transaction { transaction in
                    try await transaction.execute(isolate)
                    _ = try await transaction.query(Self.count)
                    try await pool.execute(update)
                    try await transaction.execute(update)
                }
            }
            #expect(error?.sqlState == "40001")
            #expect(error?.mayRetry == RetryAdvice.safe)
        }
    }

    @Test func scriptsRunAsOneTransactionAndNameTheFirstError() async throws {
        try await withTable { pool in
            let error = await #expect(throws: PostgresError.self) {
                try await pool.simple("INSERT INTO numbers VALUES (1); SELECT 1/0; INSERT INTO numbers VALUES (2)")
            }
            #expect(error?.sqlState == "22012")
            #expect(try await pool.query(Self.count).value(Int64.self) == 0)
            try await pool.simple("INSERT INTO numbers VALUES (1); INSERT INTO numbers VALUES (2);")
            #expect(try await pool.query(Self.count).value(Int64.self) == 2)
            try await pool.simple("CREATE INDEX CONCURRENTLY numbers_n ON numbers (n)")
        }
    }

    @Test func scriptsTakePartInATransaction() async throws {
        try await withTable { pool in
            try await pool.execute(Self.insert, Int64(5))
            await #expect(throws: Refusal.self) {
                try await pool.transaction { transaction in
                    try await transaction.simple("INSERT INTO numbers VALUES (1); INSERT INTO numbers VALUES (2)")
                    #expect(try await transaction.query(Self.count).value(Int64.self) == 3)
                    throw Refusal()
                }
            }
            #expect(try await pool.query(Self.count).value(Int64.self) == 1)
        }
    }

    @Test func settingsOfAScriptDoNotOutliveIt() async throws {
        let timeout = Statement("timeout", "SELECT current_setting('statement_timeout')", mode: .read)
        try await withTable { pool in
            try await pool.simple("SET statement_timeout = 0")
            let seen = try await pool.transaction { try await $0.query(timeout).value(String.self) }
            #expect(seen == "30s")
        }
    }
}
