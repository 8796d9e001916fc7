import ApusTesting
import Glibc
import Postgres
import Reactor
import Testing

/// Not a test of right or wrong: prints queries a second and CPU a query. Runs when `APUS_MEASURE` is set; a release
/// build tells more.
@Suite(.serialized, .enabled(if: getenv("APUS_MEASURE") != nil)) struct PostgresThroughputTests {
    private static let read = Statement("read", "SELECT balance FROM accounts WHERE id = $1", mode: .read)
    private static let write = Statement("write", "INSERT INTO entries VALUES ($1, $2)")

    @Test(arguments: [1, 16, 128]) func pointReads(tasks: Int) async throws {
        try await measure("point reads", tasks: tasks, connections: 4) { pool, number in
            _ = try await pool.query(Self.read, number % 100_000 + 1).value(Int64.self)
        }
    }

    @Test(arguments: [1, 16, 128]) func writesOfOneRow(tasks: Int) async throws {
        let payload = [UInt8](repeating: 120, count: 700)
        try await measure("writes of one row", tasks: tasks, connections: 4) { pool, number in
            try await pool.execute(Self.write, number, payload)
        }
    }

    private func measure(
        _ name: String, tasks: Int, connections: Int,
        _ operation: @escaping @Sendable (PostgresPool, Int64) async throws -> Void
    ) async throws {
        try await withPool({ $0.poolSize = connections }) { pool in
            try await pool.simple(
                """
                CREATE TABLE accounts (id bigint PRIMARY KEY, balance bigint NOT NULL);
                INSERT INTO accounts SELECT n, n FROM generate_series(1, 100000) n;
                CREATE TABLE entries (id bigint NOT NULL, body bytea NOT NULL);
                """)
            _ = try await Self.run(pool, tasks: tasks, for: .milliseconds(300), operation)
            let start = (MonotonicTime.now(), Self.processCPU())
            let count = try await Self.run(pool, tasks: tasks, for: .seconds(3), operation)
            let seconds = Double(MonotonicTime.now().since(start.0).clampedNanoseconds) / 1e9
            let microseconds = (Self.processCPU() - start.1) * 1e6 / Double(count)
            print("\(name), \(tasks) tasks: \(Int(Double(count) / seconds))/s, client CPU \(microseconds) us each")
        }
    }

    private static func run(
        _ pool: PostgresPool, tasks: Int, for duration: Duration,
        _ operation: @escaping @Sendable (PostgresPool, Int64) async throws -> Void
    ) async throws -> Int {
        let end = MonotonicTime.now() + duration
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    var count = 0
                    while MonotonicTime.now() < end {
                        try await operation(pool, Int64(task) &* 7919 &+ Int64(count) &* 104_729)
                        count += 1
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
    }

    private static func processCPU() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
