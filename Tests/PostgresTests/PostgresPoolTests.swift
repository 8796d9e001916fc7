import ApusTesting
import Logging
import Postgres
import Reactor
import Synchronization
import Testing

@Suite struct PostgresPoolTests {
    private static let double = Statement("double", "SELECT $1::bigint * 2", mode: .read)
    private static let divide = Statement("divide", "SELECT 12 / $1::bigint", mode: .read)
    private static let insert = Statement("insert", "INSERT INTO numbers VALUES ($1)")
    private static let count = Statement("count", "SELECT count(*) FROM numbers", mode: .read)

    @Test func answersEachOfManyTasksItsOwn() async throws {
        try await withPool { pool in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<200 {
                    group.addTask {
                        for number in 0..<50 {
                            let value = Int64(task * 1000 + number)
                            let rows = try await pool.query(Self.double, value)
                            #expect(try rows.value(Int64.self) == value * 2)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func aFailingReadLeavesItsNeighboursAlone() async throws {
        try await withPool({ $0.poolSize = 1 }) { pool in
            let outcomes = await withTaskGroup(of: (Int64, Result<Int64, PostgresError>).self) { group in
                for number in Int64(0)..<300 {
                    group.addTask {
                        do throws(PostgresError) {
                            return (number, .success(try await pool.query(Self.divide, number % 3).value()))
                        } catch { return (number, .failure(error)) }
                    }
                }
                return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            #expect(outcomes.count == 300)
            for (number, outcome) in outcomes {
                switch outcome {
                case .success(let value): #expect(number % 3 != 0 && value == 12 / (number % 3))
                case .failure(let error):
                    #expect(number % 3 == 0)
                    #expect(error.sqlState == "22012")
                    #expect(error.mayRetry == .never)
                }
            }
        }
    }

    @Test func aFailingWriteUndoesNoOther() async throws {
        try await withPool({ $0.poolSize = 1 }) { pool in
            try await pool.simple("CREATE TABLE numbers (n bigint PRIMARY KEY CHECK (n % 7 <> 0))")
            let acknowledged = await withTaskGroup(of: Int64?.self) { group in
                for number in Int64(1)...500 {
                    group.addTask {
                        do throws(PostgresError) {
                            return try await pool.execute(Self.insert, number) == 1 ? number : nil
                        } catch {
                            #expect(number % 7 == 0)
                            #expect(error.sqlState == "23514")
                            #expect(error.constraint == "numbers_n_check")
                            return nil
                        }
                    }
                    group.addTask {
                        if number % 5 == 0 { _ = try? await pool.query(Self.divide, Int64(0)) }
                        return nil
                    }
                }
                return await group.reduce(into: Set()) { if let number = $1 { $0.insert(number) } }
            }
            #expect(acknowledged == Set((1...500).filter { $0 % 7 != 0 }))
            #expect(try await pool.query(Self.count).value(Int64.self) == Int64(acknowledged.count))
        }
    }

    @Test func reportsAWriteWhoseCommitFails() async throws {
        try await withPool({ $0.poolSize = 1 }) { pool in
            try await pool.simple(
                "CREATE TABLE numbers (n bigint, CONSTRAINT once UNIQUE (n) DEFERRABLE INITIALLY DEFERRED)")
            try await pool.execute(Self.insert, Int64(1))
            let error = await #expect(throws: PostgresError.self) { try await pool.execute(Self.insert, Int64(1)) }
            #expect(error?.isUniqueViolation == true)
            #expect(error?.constraint == "once")
            #expect(try await pool.query(Self.count).value(Int64.self) == 1)
        }
    }

    @Test func eachWriteEndsItsLocksAtOnce() async throws {
        let lock = Statement("lock", "SELECT pg_advisory_xact_lock($1), txid_current()::bigint")
        try await withPool({ $0.poolSize = 1 }) { pool in
            let transactions = try await withThrowingTaskGroup(of: Int64.self) { group in
                for _ in 0..<100 {
                    group.addTask { try await pool.query(lock, Int64(5))[0].get(1, Int64.self) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(transactions).count == 100)
        }
    }

    @Test func namesTheStatementThatCannotBePrepared() async throws {
        let wrong = Statement("wrong", "SELEKT 1", mode: .read)
        try await withPool({ $0.poolSize = 1 }) { pool in
            for _ in 0..<3 {
                async let good = pool.query(Self.double, Int64(4)).value(Int64.self)
                let error = await #expect(throws: PostgresError.self) { try await pool.query(wrong) }
                #expect(error?.sqlState == "42601")
                guard case .server(let details) = error else {
                    Issue.record("not an error of the server")
                    return
                }
                #expect(details.statement == "wrong")
                let answer = try await good
                #expect(answer == 8)
            }
        }
    }

    @Test func preparesAnewWhenTheResultTypeHasChanged() async throws {
        let everything = Statement("everything", "SELECT * FROM numbers", mode: .read)
        let returning = Statement("returning", "INSERT INTO numbers DEFAULT VALUES RETURNING *")
        try await withPool({ $0.poolSize = 1 }) { pool in
            try await pool.simple("CREATE TABLE numbers (n bigint DEFAULT 1)")
            #expect(try await pool.query(returning)[0].columnCount == 1)
            #expect(try await pool.query(everything)[0].columnCount == 1)
            try await pool.simple("ALTER TABLE numbers ADD COLUMN t text DEFAULT 'x'")
            #expect(try await pool.query(everything)[0].columnCount == 2)
            #expect(try await pool.query(returning)[0].get(1, String.self) == "x")
            #expect(try await pool.query(everything).count == 2)
        }
    }

    @Test func preparesAnewWhenThePlanIsGone() async throws {
        let forget = Statement("forget", "DEALLOCATE ALL")
        try await withPool({ $0.poolSize = 1 }) { pool in
            for number in Int64(1)...3 {
                #expect(try await pool.query(Self.double, number).value(Int64.self) == 2 * number)
                try await pool.execute(forget)
            }
        }
    }

    @Test func oneStatementTakesParametersOfDifferentTypes() async throws {
        let plus = Statement("plus", "SELECT ($1 + 1)::bigint", mode: .read)
        try await withPool { pool in
            for _ in 0..<3 {
                let long = try await pool.query(plus, Int64(1))
                let short = try await pool.query(plus, Int32(1))
                #expect(try long.value(Int64.self) == 2)
                #expect(try short.value(Int64.self) == 2)
            }
        }
    }

    @Test func givesUpAStatementThatTakesTooLong() async throws {
        let sleep = Statement("sleep", "SELECT pg_sleep($1)", mode: .read)
        try await withPool({
            $0.statementTimeout = .milliseconds(200)
            $0.poolSize = 1
        }) { pool in
            async let behind = pool.query(Self.double, Int64(1)).value(Int64.self)
            let error = await #expect(throws: PostgresError.self) { try await pool.query(sleep, 30.0) }
            #expect(error?.sqlState == "57014")
            #expect(error?.mayRetry == RetryAdvice.never)
            let answer = try await behind
            #expect(answer == 2)
        }
    }

    @Test func aCancelledReadReturnsAtOnceAndDisturbsNobody() async throws {
        let sleep = Statement("sleep", "SELECT pg_sleep(0.5), $1::bigint", mode: .read)
        try await withPool({ $0.poolSize = 1 }) { pool in
            #expect(try await pool.query(Self.double, Int64(1)).value(Int64.self) == 2)
            let tasks = (0..<10).map { number in
                Task { try await pool.query(number == 0 ? sleep : Self.double, Int64(number)) }
            }
            try await Task.sleep(for: .milliseconds(50))
            for task in tasks { task.cancel() }
            for task in tasks {
                await #expect(throws: PostgresError.self) { try await task.value }
            }
            for number in Int64(0)..<20 {
                #expect(try await pool.query(Self.double, number).value(Int64.self) == number * 2)
            }
        }
    }

    @Test func aCancelledWriteInFlightTellsWhatBecameOfIt() async throws {
        let slow = Statement("slow", "INSERT INTO numbers SELECT 1 FROM pg_sleep(0.3)")
        try await withPool({ $0.poolSize = 1 }) { pool in
            try await pool.simple("CREATE TABLE numbers (n bigint)")
            let task = Task { try await pool.execute(slow) }
            try await Task.sleep(for: .milliseconds(100))
            task.cancel()
            #expect(try await task.value == 1)
            #expect(try await pool.query(Self.count).value(Int64.self) == 1)
        }
    }

    @Test func aWriteOfACancelledTaskIsNotSent() async throws {
        try await withPool { pool in
            try await pool.simple("CREATE TABLE numbers (n bigint)")
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                try await pool.execute(Self.insert, Int64(1))
            }
            task.cancel()
            await #expect(throws: PostgresError.self) { try await task.value }
            #expect(try await pool.query(Self.count).value(Int64.self) == 0)
        }
    }

    @Test func refusesWhatDoesNotFitTheQueue() async throws {
        let sleep = Statement("sleep", "SELECT pg_sleep(0.05)")
        try await withPool({
            $0.poolSize = 1
            $0.maximumQueuedStatements = 10
        }) { pool in
            _ = try await pool.query(Self.double, Int64(1))
            let outcomes = await withTaskGroup(of: Bool.self) { group in
                // 16 writes fill the only connection's window, 10 wait.
                for _ in 0..<40 {
                    group.addTask {
                        do throws(PostgresError) {
                            _ = try await pool.query(sleep)
                            return true
                        } catch {
                            if case .overloaded = error {
                                #expect(error.mayRetry == .safe)
                            } else {
                                Issue.record(error)
                            }
                            return false
                        }
                    }
                }
                return await group.reduce(into: [true: 0, false: 0]) { $0[$1, default: 0] += 1 }
            }
            #expect(outcomes[true]! >= 26)
            #expect(outcomes[false]! >= 1)
        }
    }

    @Test func refusesStatementsOnceClosed() async throws {
        try await withPool { pool in
            async let last = pool.query(Self.double, Int64(21)).value(Int64.self)
            let answer = try await last
            #expect(answer == 42)
            await pool.close()
            let error = await #expect(throws: PostgresError.self) { try await pool.query(Self.double, Int64(1)) }
            guard case .closed = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            await pool.close()
        }
    }

    /// A thread that still connects when the process exits crashes in OpenSSL.
    @Test func isClosedOnlyOnceNothingConnectsAnyMore() async throws {
        let server = try SilentServer()
        let conninfo = "host=127.0.0.1 port=\(server.port) dbname=none sslmode=disable"
        try await withPool(PostgresConfiguration(conninfo: conninfo)) { pool in
            let hasHungUp = Mutex(false)
            let started = BlockingThread.run {
                server.hangUpOnFirst { hasHungUp.withLock { $0 = true } }
            }
            #expect(started)
            await pool.close()
            #expect(hasHungUp.withLock { $0 })
        }
    }

    @Test func tellsTheObserverOfEachStatement() async throws {
        final class Recorder: PostgresObserver {
            let seen = Mutex<[String]>([])
            func statementEnded(_ statement: Statement, after duration: Duration, error: PostgresError?) {
                #expect(duration > .zero)
                seen.withLock { $0.append(statement.name + (error == nil ? "" : " failed")) }
            }
        }
        let recorder = Recorder()
        try await withPool({ $0.observer = recorder }) { pool in
            _ = try await pool.query(Self.double, Int64(1))
            _ = try? await pool.query(Self.divide, Int64(0))
        }
        #expect(recorder.seen.withLock(\.self) == ["double", "divide failed"])
    }

    @Test func setsTheSessionUp() async throws {
        let settings = Statement(
            "settings",
            """
            SELECT current_setting('statement_timeout'), current_setting('search_path'),
                current_setting('application_name'), current_setting('jit'), current_setting('client_encoding')
            """, mode: .read)
        try await withPool({
            $0.searchPath = "one, \"two words\""
            $0.statementTimeout = .milliseconds(1500)
            $0.applicationName = "apus test"
        }) { pool in
            let row = try await pool.query(settings)[0].decode((String, String, String, String, String).self)
            #expect(row == ("1500ms", "one, \"two words\"", "apus test", "off", "UTF8"))
        }
    }
}

extension PostgresRows {
    /// The first column of the first row.
    func value<Value: PostgresDecodable>(_ type: Value.Type = Value.self) throws(PostgresError) -> Value {
        try self[0].get(0, type)
    }
}
