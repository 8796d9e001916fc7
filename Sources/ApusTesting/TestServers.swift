internal import Glibc

/// The servers that the tests of one process share: those that the environment names, or private ones that are started
/// when first asked for and go with the process.
package actor TestServers {
    package static let shared = TestServers()

    /// Databases that tests use at the same time; more tests wait. Each has pools of connections of its own, and the
    /// server has only so many.
    private static let maxDatabases = 12

    private var freePlaces = maxDatabases
    private var waiting: [CheckedContinuation<Void, Never>] = []

    private var postgres: Task<PrivatePostgres, any Error>?
    private var redis: Task<PrivateRedis, any Error>?

    /// Of a database whose user may create others: `APUS_TEST_DATABASE_URL`, or a private server.
    package func postgresURL() async throws -> String {
        if let url = Self.environment("APUS_TEST_DATABASE_URL") { return url }
        let starting = postgres ?? Task { try await PrivatePostgres.start() }
        postgres = starting
        return try await starting.value.url
    }

    /// `APUS_TEST_REDIS_URL`, or a private server.
    package func redisURL() async throws -> String {
        if let url = Self.environment("APUS_TEST_REDIS_URL") { return url }
        let starting = redis ?? Task { try await PrivateRedis.start() }
        redis = starting
        return try await starting.value.url
    }

    /// Waits until another test may use a database.
    func takePlace() async {
        if freePlaces > 0 {
            freePlaces -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func givePlaceBack() {
        if waiting.isEmpty { freePlaces += 1 } else { waiting.removeFirst().resume() }
    }

    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { return nil }
        return value
    }
}
