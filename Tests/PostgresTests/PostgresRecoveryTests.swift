import ApusTesting
import Postgres
import Synchronization
import Testing

/// Each test kills a server of its own; one at a time, because starting them is what costs.
@Suite(.serialized) struct PostgresRecoveryTests {
    private static let insert = Statement("insert", "INSERT INTO numbers VALUES ($1)")
    private static let exists = Statement("exists", "SELECT n FROM numbers", mode: .read)
    private static let double = Statement("double", "SELECT $1::bigint * 2", mode: .read)

    /// What the writers were told of each number.
    private final class Ledger: Sendable {
        let acknowledged = Mutex<Set<Int64>>([])
        let unknown = Mutex<Set<Int64>>([])
        let refused = Mutex<Set<Int64>>([])
    }

    @Test(.timeLimit(.minutes(2))) func losesNoAcknowledgedWriteWhenTheServerIsKilled() async throws {
        let server = try await PrivatePostgres.start()
        var configuration = PostgresConfiguration(conninfo: server.url)
        configuration.acquireTimeout = .seconds(30)
        try await withPool(configuration) { pool in
            try await pool.simple("CREATE TABLE numbers (n bigint PRIMARY KEY)")
            let ledger = Ledger()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<32 {
                    group.addTask { try await Self.write(from: task * 100_000, to: pool, ledger) }
                    // Reads in flight are sent again by themselves: none may fail.
                    group.addTask {
                        while !Task.isCancelled {
                            do throws(PostgresError) {
                                let rows = try await pool.query(Self.double, Int64(task))
                                #expect(try rows.value(Int64.self) == Int64(2 * task))
                            } catch .cancelled { return }
                        }
                    }
                }
                for _ in 0..<3 {
                    try await Task.sleep(for: .milliseconds(400))
                    try await server.kill()
                    try await Task.sleep(for: .milliseconds(100))
                    try await server.startAgain()
                    try await eventually("a query after the restart") {
                        (try? await pool.query(Self.double, Int64(1))) != nil
                    }
                }
                group.cancelAll()
                try await group.waitForAll()
            }
            let stored = Set(try await pool.query(Self.exists).column(Int64.self))
            let acknowledged = ledger.acknowledged.withLock(\.self)
            let unknown = ledger.unknown.withLock(\.self)
            let refused = ledger.refused.withLock(\.self)
            #expect(acknowledged.count > 100)
            #expect(acknowledged.isSubset(of: stored))
            #expect(refused.isDisjoint(with: stored))
            #expect(stored.subtracting(acknowledged).isSubset(of: unknown))
        }
        try await server.remove()
    }

    private static func write(from first: Int, to pool: PostgresPool, _ ledger: Ledger) async throws {
        var number = Int64(first)
        while !Task.isCancelled {
            number += 1
            do throws(PostgresError) {
                try await pool.execute(insert, number)
                ledger.acknowledged.withLock { _ = $0.insert(number) }
            } catch {
                switch error.mayRetry {
                case .unknown: ledger.unknown.withLock { _ = $0.insert(number) }
                case .safe: ledger.refused.withLock { _ = $0.insert(number) }
                case .never:
                    guard case .cancelled = error else { throw error }
                    ledger.refused.withLock { _ = $0.insert(number) }
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func statementsWaitForAServerThatComesLate() async throws {
        let server = try await PrivatePostgres.start()
        try await server.stop()
        try await withPool(PostgresConfiguration(conninfo: server.url)) { pool in
            async let answer = pool.query(Self.double, Int64(4)).value(Int64.self)
            async let transaction = pool.transaction { try await $0.query(Self.double, Int64(5)).value(Int64.self) }
            try await Task.sleep(for: .milliseconds(500))
            try await server.startAgain()
            #expect(try await answer == 8)
            #expect(try await transaction == 10)
        }
        try await server.remove()
    }

    @Test(.timeLimit(.minutes(1))) func statementsFailInTimeWithTheReasonWhenThereIsNoServer() async throws {
        var configuration = PostgresConfiguration(
            conninfo: "postgresql://postgres:secret@127.0.0.1:\(try freePort())/postgres")
        configuration.acquireTimeout = .milliseconds(400)
        try await withPool(configuration) { pool in
            let error = await #expect(throws: PostgresError.self) { try await pool.query(Self.double, Int64(4)) }
            guard case .unavailable(let reason) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reason.contains("refused"))
            #expect(!reason.contains("secret"))
            #expect(error?.mayRetry == RetryAdvice.safe)
            await #expect(throws: PostgresError.self) { try await pool.transaction { _ in } }
        }
    }

    @Test func aConnectionStringThatIsNoneIsAFailureAndNotQuoted() async throws {
        var configuration = PostgresConfiguration(conninfo: "postgresql://user:secret@[::1/x")
        configuration.acquireTimeout = .milliseconds(100)
        #expect(configuration.problem != nil)
        try await withPool(configuration) { pool in
            let error = await #expect(throws: PostgresError.self) { try await pool.query(Self.double, Int64(4)) }
            #expect(!"\(String(describing: error))".contains("secret"))
        }
    }

    @Test(.timeLimit(.minutes(1))) func transactionsRecoverAndTellWhatIsKnown() async throws {
        let server = try await PrivatePostgres.start()
        try await withPool(PostgresConfiguration(conninfo: server.url)) { pool in
            try await pool.simple("CREATE TABLE numbers (n bigint PRIMARY KEY)")
            let error = await #expect(throws: PostgresError.self) {
                try await pool.transaction { transaction in
                    try await transaction.execute(Self.insert, Int64(1))
                    try await server.kill()
                    try await transaction.execute(Self.insert, Int64(2))
                }
            }
            // Before its COMMIT a transaction that is cut off has not happened.
            #expect(error?.mayRetry == RetryAdvice.safe)
            try await server.startAgain()
            try await pool.transaction { _ = try await $0.execute(Self.insert, Int64(1)) }
            #expect(try await pool.query(Self.exists).column(Int64.self) == [1])
        }
        try await server.remove()
    }

    @Test(.timeLimit(.minutes(1))) func sessionsThatTheServerEndsComeBack() async throws {
        let others = Statement(
            "others",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        try await withPool { pool in
            for _ in 0..<5 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in Int64(0)..<100 {
                        group.addTask {
                            let rows = try await pool.query(Self.double, number)
                            #expect(try rows.value(Int64.self) == number * 2)
                        }
                    }
                    try await group.waitForAll()
                }
                try await pool.transaction { _ = try await $0.query(others) }
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aSilentServerIsGivenUp() async throws {
        let server = try await PrivatePostgres.start()
        var configuration = PostgresConfiguration(conninfo: server.url)
        configuration.statementTimeout = .milliseconds(200)
        configuration.graceForServer = .milliseconds(300)
        configuration.acquireTimeout = .seconds(1)
        try await withPool(configuration) { pool in
            try await pool.simple("CREATE TABLE numbers (n bigint PRIMARY KEY)")
            try await pool.execute(Self.insert, Int64(1))
            server.freeze()
            let error = await #expect(throws: PostgresError.self) { try await pool.execute(Self.insert, Int64(2)) }
            #expect(error?.mayRetry == RetryAdvice.unknown)
            server.thaw()
            try await eventually("an answer") { (try? await pool.query(Self.exists)) != nil }
        }
        try await server.remove()
    }
}
