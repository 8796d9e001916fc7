import ArgumentParser
import ServerConfiguration

/// `apus config`: the configuration file itself.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Checks a configuration file, or prints a commented one.",
        subcommands: [Check.self, Example.self])

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says every mistake with its line.",
            discussion:
                "Ends with status 0 when the file is right, and with 78 when it is not. Nothing but the file and "
                + "the files of secrets is opened.")

        @OptionGroup var file: ConfigurationArgument

        func run() throws {
            _ = try file.load()
            Console.say("\(file.path): no mistakes")
        }
    }

    struct Example: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints a commented configuration file.")

        func run() {
            Console.write(ConfigurationExample.text)
        }
    }
}
