import ArgumentParser
import Logging
import Postgres
import Reactor
import ServerConfiguration
import Storage
import Telemetry

/// `apus migrate`: brings the schema up to date.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Brings the database's schema up to date, while workers run.")

    @OptionGroup var file: ConfigurationArgument

    func run() async throws {
        let configuration = try file.load()
        try await Console.orFailure {
            let telemetry = Telemetry.live(level: .warning)
            let reactor = try Reactor()
            let pool = DatabaseConnection.open(configuration, worker: "migrate", reactor: reactor, telemetry: telemetry)
            do {
                let installation = try await DatabaseConnection.check(
                    pool, configuration, migrates: true, now: telemetry.clock.nowMilliseconds)
                Console.say("The schema of \(installation.serverName) is up to date.")
            } catch {
                await pool.close()
                throw error
            }
            await pool.close()
            await reactor.shutdown()
        }
    }
}
