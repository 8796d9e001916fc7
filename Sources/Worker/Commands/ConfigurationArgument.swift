import ArgumentParser
import ServerConfiguration

/// The configuration file of a command.
struct ConfigurationArgument: ParsableArguments {
    @Option(name: .customLong("config"), help: "The configuration file.", completion: .file())
    var path: String

    /// The configuration, before anything is opened.
    ///
    /// - Throws: exit status 78 (`EX_CONFIG`), after every mistake was named.
    func load() throws -> ServerConfiguration {
        try Self.orExit { () throws(ConfigurationMistakes) in try ServerConfiguration.load(path: path) }
    }

    /// A value out of the configuration, or the end of the process with all that is wrong.
    static func orExit<Value>(_ read: () throws(ConfigurationMistakes) -> Value) throws -> Value {
        do throws(ConfigurationMistakes) {
            return try read()
        } catch {
            Console.complain(error.description)
            throw ExitCode.badConfiguration
        }
    }
}

extension ExitCode {
    /// `EX_CONFIG` of sysexits.h; service managers do not start a process again that ended with it.
    static let badConfiguration = ExitCode(78)
}
