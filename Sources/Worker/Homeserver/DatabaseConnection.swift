import MatrixCore
package import Postgres
package import Reactor
package import ServerConfiguration
package import Storage
package import Telemetry

/// Opens the database, and makes sure that it is the right one.
package enum DatabaseConnection {
    package static func open(
        _ configuration: ServerConfiguration, worker: String, reactor: Reactor, telemetry: Telemetry
    ) -> PostgresPool {
        var settings = PostgresConfiguration(conninfo: configuration.database.url.text)
        settings.poolSize = configuration.database.poolSize
        settings.statementTimeout = configuration.database.statementTimeout
        settings.applicationName = "apus \(worker)"
        return PostgresPool(settings, reactor: reactor, logger: telemetry.log.labelled("postgres").logger)
    }

    /// The installation that the database holds.
    ///
    /// - Parameter migrates: brings an empty or older schema up to date; otherwise such a one is refused.
    /// - Throws: `StartFailure`.
    package static func check(
        _ pool: PostgresPool, _ configuration: ServerConfiguration, migrates: Bool, now: Int64
    ) async throws -> Installation {
        let migrator = Migrator(pool: pool)
        do {
            if migrates {
                _ = try await migrator.migrate(serverName: configuration.serverName, now: now)
            } else if let first = try await migrator.pending().first {
                throw StartFailure(
                    "the database's schema is older than this release (\(first.name) is missing); run: "
                        + "apus migrate --config FILE")
            }
        } catch Migrator.Failure.foreign(let name) {
            throw StartFailure(
                "the database has a migration that this release does not know, or knows otherwise: \(name)")
        } catch Migrator.Failure.otherServer(let name) {
            throw StartFailure("the database belongs to the server \(name)")
        }
        guard let installation = try await LogStore(pool: pool).installation() else {
            throw StartFailure("the database is not set up; run: apus migrate --config FILE")
        }
        guard installation.serverName == configuration.serverName else {
            throw StartFailure("the database belongs to the server \(installation.serverName)")
        }
        return installation
    }
}
