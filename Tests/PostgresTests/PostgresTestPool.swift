import ApusTesting
import Logging
import Postgres
import Reactor

/// A pool on a database of its own, for the time of a test.
func withPool<Value: Sendable>(
    _ adjust: (inout PostgresConfiguration) -> Void = { _ in },
    _ body: (PostgresPool) async throws -> Value
) async throws -> Value {
    try await TestDatabase.with { database in
        var configuration = PostgresConfiguration(conninfo: database.url)
        adjust(&configuration)
        return try await withPool(configuration, body)
    }
}

func withPool<Value: Sendable>(
    _ configuration: PostgresConfiguration, _ body: (PostgresPool) async throws -> Value
) async throws -> Value {
    let reactor = try Reactor()
    let pool = PostgresPool(
        configuration, reactor: reactor, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    do {
        let value = try await body(pool)
        await pool.close()
        await reactor.shutdown()
        return value
    } catch {
        await pool.close(within: .zero)
        await reactor.shutdown()
        throw error
    }
}
