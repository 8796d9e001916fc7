import ArgumentParser

/// `apus`: the operator's commands.
struct ApusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus", abstract: "A Matrix homeserver.",
        version: "\(ApusVersion.name) \(ApusVersion.number)",
        subcommands: [
            ServeCommand.self, MigrateCommand.self, UserCommand.self, ConfigCommand.self, KeysCommand.self,
            ProxyConfigCommand.self,
        ])
}

/// The executable `apus`.
package enum Apus {
    /// Runs the command that the arguments name, and ends the process.
    ///
    /// Not isolated to the main actor, where a `main.swift` starts: every hop from there would cost microseconds.
    package nonisolated static func main() async {
        await ApusCommand.main()
    }
}
