import ArgumentParser
import Cluster
import ServerConfiguration

/// `apus serve`: every role in one process.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Runs every role in one process, in the foreground.",
        discussion: "Brings an empty or older database up to date. Redis may be left out of the configuration.")

    @OptionGroup var file: ConfigurationArgument

    func run() async throws {
        let configuration = try file.load()
        try await Console.orFailure { try await HomeserverProcess.serveAll(configuration) }
    }
}
