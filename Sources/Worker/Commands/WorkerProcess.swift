import ArgumentParser
package import ServerConfiguration

/// The executable of one role: `--config FILE --worker NAME`.
package enum WorkerProcess {
    /// Reads the arguments and the configuration, serves until it is told to stop, and ends the process.
    ///
    /// Not isolated to the main actor, where a `main.swift` starts: every hop from there would cost microseconds.
    package nonisolated static func main(_ role: WorkerRole) async {
        let arguments = WorkerArguments.parseOrExit()
        do {
            let configuration = try arguments.file.load()
            let worker = try ConfigurationArgument.orExit { () throws(ConfigurationMistakes) in
                try configuration.worker(named: arguments.worker, role: role, file: arguments.file.path)
            }
            try await Console.orFailure { try await HomeserverProcess.serve(worker, of: configuration) }
        } catch {
            WorkerArguments.exit(withError: error)
        }
    }
}

/// What the five worker executables take.
struct WorkerArguments: ParsableCommand {
    static var configuration: CommandConfiguration {
        let program = CommandLine.arguments.first?.split(separator: "/").last.map(String.init)
        return CommandConfiguration(
            commandName: program, abstract: "A worker of Apus, a Matrix homeserver.",
            discussion: "Its name stands under `workers` in the configuration file, with its role and its address.",
            version: "\(ApusVersion.name) \(ApusVersion.number)")
    }

    @OptionGroup var file: ConfigurationArgument

    @Option(help: "The name of this worker in the configuration file.")
    var worker: String
}
