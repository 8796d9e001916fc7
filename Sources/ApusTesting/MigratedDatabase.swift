package import MatrixCore
package import Postgres
package import Reactor
import Storage
import Telemetry

/// A database of a test's own with the schema in it, and the reactor for connections to it.
///
/// Copied from a template that is made once for all tests: migrating takes a hundred times as long.
package struct MigratedDatabase: Sendable {
    package let url: String
    package let reactor: Reactor
    package let serverName: ServerName

    /// Makes a database for the time of `body`.
    ///
    /// - Parameter name: a valid server name, whose installation it is.
    package static func with(
        _ name: String = "example.org", isolation: isolated (any Actor)? = #isolation,
        _ body: (MigratedDatabase) async throws -> Void
    ) async throws {
        guard let serverName = ServerName(name) else { throw TestingError("\(name) is no server name") }
        let reactor = try Reactor()
        do {
            let template = template(of: serverName)
            try await TestDatabase.prepareTemplate(template) { url in
                let pool = pool(url, reactor)
                _ = try await Migrator(pool: pool).migrate(serverName: serverName, now: 1)
                await pool.close()
            }
            try await TestDatabase.with(template: template) { database in
                try await body(MigratedDatabase(url: database.url, reactor: reactor, serverName: serverName))
            }
            await reactor.shutdown()
        } catch {
            await reactor.shutdown()
            throw error
        }
    }

    /// Connections to it, for whoever closes them.
    ///
    /// - Parameter observer: is told of each statement.
    package func pool(observer: (any PostgresObserver)? = nil) -> PostgresPool { Self.pool(url, reactor, observer) }

    private static func pool(
        _ url: String, _ reactor: Reactor, _ observer: (any PostgresObserver)? = nil
    ) -> PostgresPool {
        var configuration = PostgresConfiguration(conninfo: url)
        configuration.observer = observer
        return PostgresPool(configuration, reactor: reactor, logger: Log.discarding.logger)
    }

    /// The same for all who migrate alike.
    private static func template(of server: ServerName) -> String {
        let text = Migrator.migrations.map { $0.name + $0.sql }.joined() + server.description
        return "apus_" + SHA256.hash(Array(text.utf8)).prefix(8).map { String($0, radix: 16) }.joined()
    }
}
